"""Parts as a researcher writes them, each in one file, and a league that names one."""

from pathlib import Path

LEAGUE = """
model = "tiny"

[engine]
device = "cpu"
dtype = "float32"
kernels = "torch"

[domains.letters]
families = { tor = [1] }

[domains.digits]
families = { vun = [1] }

[agents]
ann = { domain = "letters" }
bob = { domain = "digits" }

[experts]
steps = 1
eval_every = 1
batch_size = 1

[teaching]
rounds = 2
matches = 2
attempts = 2
control_attempts = 1
max_tokens = 6

[learning]
self_practice = 1
practice_attempts = 2
imitation = 1
rehearsal = 1

[evaluation]
problems = 2
"""

SETTINGS = {
    "reward": ("[teaching]", 'reward = {{ type = "{module}:Generous", bonus = 0.25 }}'),
    "baseline": ("[learning]", 'baseline = "{module}:MeanBaseline"'),
    "loss": ("[learning]", 'loss = "{module}:halved_policy_gradient"'),
    "labels": (
        "[learning]",
        'labels = {{ type = "{module}:read_practice", weight = 0.5 }}',
    ),
    "sft_data": ("[learning]", 'sft_data = "{module}:one_fact_each"'),
    "curriculum": ("[league]", 'curriculum = "{module}:first_only"'),
    "matchmaker": (
        "[league]",
        'matchmaker = {{ type = "{module}:AnnTeaches", level = 1 }}',
    ),
    "teacher_selection": ("[league]", 'teacher_selection = "{module}:first_name"'),
    "opponent_selection": ("[duels]", 'pairings = 2\nopponents = "{module}:first_name"'),
    "evaluator": ("[domains.letters]", 'evaluator = "mine"'),
    "asker": ("[domains.letters]", "askers = {{ own = 1, mine = 1 }}"),
    "domain": ("[domains.letters]", 'source = "{module}:DOUBLES"'),
    "backend": ("[engine]", 'backend = {{ type = "{module}:open_counted" }}'),
    "tracker": ("", 'trackers = ["{module}:Counter"]'),
}
"""By kind: the table of the config, and the line that names the part in it."""

TABLES = {
    "evaluator": '[evaluators.mine]\ntype = "{module}:everything_is_right"\n',
    "asker": '[askers.mine]\ntype = "{module}:ask_doubles"\n',
}

CODE = {
    "reward": """
from dataclasses import dataclass
from docendo.records import Payoff

@dataclass(frozen=True)
class Generous:
    bonus: float

    def __call__(self, episode):
        scores = tuple(attempt.verdict.score + self.bonus for attempt in episode.attempts)
        return Payoff(self.bonus, scores)
""",
    "baseline": """
class MeanBaseline:
    def advantages(self, group):
        mean = sum(group.rewards) / len(group.rewards)
        return [reward - mean for reward in group.rewards]

    def state(self):
        return {}

    def restore(self, state):
        pass
""",
    "loss": """
def halved_policy_gradient(inputs):
    return -0.5 * inputs.weights_K * inputs.logprobs_K
""",
    "labels": """
from docendo.records import Example, Message, SoftLabel

def read_practice(school, played, seed, weight):
    own = []
    for agent, problem, attempts in played.practice:
        messages = (Message("user", problem.prompt),)
        own.append(school.backend.target(Example(agent, messages, attempts[0].completion.text)))
    read = [target._replace(agent="base") for target in own]
    labels = school.backend.label(read, "label")
    return [
        target._replace(weight=0.0, labels=(SoftLabel(label, weight),))
        for target, label in zip(own, labels)
    ]
""",
    "sft_data": """
from docendo.records import Example, Message

def one_fact_each(school, seed):
    messages = (Message("user", "tor: a b?"),)
    return [Example(expert.agent, messages, "Answer: b a") for expert in school.experts]
""",
    "curriculum": """
import numpy as np

def first_only(task_types, success, demonstrations):
    return np.eye(len(task_types))[0]
""",
    "matchmaker": """
from dataclasses import dataclass
from docendo.records import Match

@dataclass(frozen=True)
class AnnTeaches:
    level: int

    def __call__(self, options, standings, count, seed):
        (option,) = [option for option in options if "ann" in option.teachers]
        return [Match("ann", "bob", *option.task_type)] * count
""",
    "teacher_selection": """
import numpy as np

def first_name(candidates, rng):
    return np.eye(len(candidates.names))[0]
""",
    "opponent_selection": """
import numpy as np

def first_name(candidates, rng):
    return np.eye(len(candidates.names))[0]
""",
    "evaluator": """
from docendo.records import Verdict

def everything_is_right(answers):
    return [Verdict(1.0, "by decree") for _ in answers]
""",
    "asker": """
from docendo.problems.procedural import Draft, ProceduralSource

def ask_doubles(context):
    return ProceduralSource(context.domain, {"doubles": double})

def double(rng, level):
    number = rng.randint(1, 10**6)
    return Draft(f"Twice {number}?", str(2 * number), f"Answer: {2 * number}")
""",
    "domain": """
from docendo.problems.procedural import Draft, ProceduralSource

def double(rng, level):
    number = rng.randint(1, 10**6)
    return Draft(f"Twice {number}?", str(2 * number), f"Answer: {2 * number}")

DOUBLES = ProceduralSource("letters", {"tor": double})
""",
    "backend": """
from docendo.engines.local.engine import LocalEngine, open_engine

class Counted(LocalEngine):
    steps = 0

    def train(self, step):
        Counted.steps += 1
        return super().train(step)

def open_counted(context):
    engine = open_engine(context)
    return Counted(engine.model, engine.limits)
""",
    "tracker": """
class Counter:
    def start(self, folder, config, last_round):
        self.folder = folder

    def log(self, round_index, stage, metrics):
        with (self.folder / "counted.txt").open("a") as file:
            file.write(f"{round_index} ")

    def finish(self):
        pass
""",
}
KINDS = sorted(SETTINGS)


def write_extension(folder: Path, kind: str) -> Path:
    """The one file of an extension, and a league that names it; returns the league."""
    module = f"own_{kind}"
    (folder / f"{module}.py").write_text(CODE[kind])

    table, line = SETTINGS[kind]
    line = line.format(module=module)
    league = LEAGUE
    if table and table in league:
        league = league.replace(table, f"{table}\n{line}")
    elif table:
        league += f"\n{table}\n{line}\n"
    else:
        league = f"{line}\n{league}"
    config = folder / "league.toml"
    config.write_text(league + TABLES.get(kind, "").format(module=module))
    return config
