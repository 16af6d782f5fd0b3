"""A researcher's own parts: each is one file, named in TOML, and the run works as ever."""

import subprocess
import sys
from pathlib import Path

import pytest

import docendo
from docendo.errors import UserError
from docendo.parts import user_part_files
from docendo.records import AgentId, Answer, Problem
from docendo.registry import PARTS
from docendo.store import RunDirectory

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
from docendo.engines.local.engine import LocalEngine, open_local_backend

class Counted(LocalEngine):
    steps = 0

    def train(self, step):
        Counted.steps += 1
        return super().train(step)

def open_counted(context):
    engine = open_local_backend(context)
    return Counted(engine.model, engine.limits)
""",
    "tracker": """
class Counter:
    def start(self, folder, config, last_round):
        self.folder = folder

    def log(self, round_index, stage, metrics):
        with (self.folder / "counted.txt").open("a") as file:
            file.write(f"{round_index}\n")

    def finish(self):
        pass
""",
}
KINDS = sorted(SETTINGS)


def test_there_is_an_extension_of_every_kind() -> None:
    # a sandbox runs answers to programming problems, and has a test of its own below
    assert set(CODE) == set(SETTINGS) == set(PARTS) - {"sandbox"}


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


@pytest.mark.parametrize("kind", KINDS)
def test_a_users_part_is_one_file(tmp_path: Path, kind: str) -> None:
    config = write_extension(tmp_path, kind)
    assert [path.name for path in tmp_path.glob("*.py")] == [f"own_{kind}.py"]

    with docendo.open_run(config, folder=tmp_path / "run") as run:
        rounds = list(run.rounds())
    assert [record.index for record in rounds] == [-1, 0, 1, 2]
    with docendo.resume_run(tmp_path / "run") as run:
        assert list(run.rounds()) == [], "a finished run has no rounds left"
    sys.modules.pop(f"own_{kind}", None)


def test_a_run_finds_the_users_parts_from_another_process(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    with docendo.open_run(config, folder=tmp_path / "run") as run:
        list(run.rounds())
    sys.modules.pop("own_reward", None)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "docendo", "resume", str(tmp_path / "run")]
    command += ["--set", "teaching.rounds=3"]
    done = subprocess.run(
        command, cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    with RunDirectory.open(tmp_path / "run") as finished:
        payoffs = {e.payoff.teacher for e in finished.episodes(round=3) if e.payoff}
    assert payoffs == {0.25}, "the user's reward"


def test_a_parts_folder_is_relative_to_the_config(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "baseline")
    (tmp_path / "parts").mkdir()
    (tmp_path / "own_baseline.py").rename(tmp_path / "parts" / "beside_baseline.py")
    text = config.read_text().replace("own_baseline", "beside_baseline")
    config.write_text('parts_folder = "parts"\n' + text)

    loaded = docendo.load_config(config)
    assert loaded.parts_folder == str(tmp_path / "parts")
    assert loaded.learning.baseline.type == "beside_baseline:MeanBaseline"


def test_teachers_are_paid_by_the_users_reward(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    with docendo.open_run(config) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    assert episodes
    assert {episode.payoff.teacher for episode in episodes if episode.payoff} == {0.25}


def test_a_users_matchmaker_makes_every_match(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "matchmaker")) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    pairs = {(episode.match.teacher, episode.match.student) for episode in episodes}
    assert pairs == {("ann", "bob")}


def test_a_users_backend_trains_every_step(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "backend")
    with docendo.open_run(config) as run:
        list(run.rounds())
        counted = sys.modules["own_backend"].Counted
        assert isinstance(run.session.backend, counted)
    # one step of supervised finetuning, then a policy step and a supervised one in each round
    assert counted.steps >= 1 + 2


def test_a_backend_without_what_a_run_calls_is_an_error(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "backend")
    (tmp_path / "empty_backend.py").write_text("class Empty:\n    sample = None\n")
    config.write_text(
        config.read_text().replace("own_backend:open_counted", "empty_backend:Empty")
    )
    with pytest.raises(
        UserError, match=r"expected a docendo.backend.Backend; got a Empty without score"
    ):
        docendo.open_run(config)


def test_a_users_sft_data_is_all_that_is_imitated(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "sft_data")) as run:
        taught = [record for record in run.rounds() if record.stage == "teaching"]
    assert {record.metrics["samples/sft"] for record in taught} == {2}


def test_a_users_evaluator_judges_its_domain(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "evaluator")) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    letters = [e for e in episodes if e.match.domain == "letters"]
    assert letters
    reasons = {a.verdict.reason for e in letters for a in e.attempts}
    assert all("by decree" in reason for reason in reasons)


def test_a_users_tracker_gets_every_round(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "tracker")
    with docendo.open_run(config, folder=tmp_path / "run") as run:
        list(run.rounds())
    assert (tmp_path / "run" / "counted.txt").read_text() == "-1 0 1 2 "


SANDBOX = """
from docendo.records import Outcome

class Echo:
    def __init__(self, value):
        self.value = value

    def __call__(self, code, calls=()):
        return Outcome(True, (self.value,) * len(calls))
"""


def test_a_users_sandbox_runs_the_tests_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "own_sandbox.py").write_text(SANDBOX)
    config_file = tmp_path / "league.toml"
    config_file.write_text(
        f"""{LEAGUE}
[evaluators.echo]
type = "tests"
sandbox = {{ type = "own_sandbox:Echo", value = "6" }}
"""
    )
    config = docendo.load_config(config_file)
    evaluator = config.evaluators["echo"].build()
    problem = Problem("d", "f", 1, "Double x.", "x * 2", tests=("f(3) == 6",))
    answers = [Answer(problem, "Answer: x - 1", AgentId("ann"), seed=0)]
    assert evaluator(answers)[0].score == 1, "it believes the sandbox"
    assert [Path(file).name for file in user_part_files(config)] == ["own_sandbox.py"]
    sys.modules.pop("own_sandbox", None)


def test_parts_given_in_python_are_recorded_and_required_on_resume(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    config.write_text(
        config.read_text().replace(
            '{ type = "own_reward:Generous", bonus = 0.25 }', '"gain"'
        )
    )

    def pay_nothing(episode):
        from docendo.records import Payoff

        return Payoff(0.0, (0.0,) * len(episode.attempts))

    parts = docendo.Parts(reward=pay_nothing)
    folder = tmp_path / "run"
    with docendo.open_run(config, folder=folder, parts=parts) as run:
        rounds = run.rounds()
        next(rounds)
        next(rounds)
        noted = run.directory.noted("provenance") if run.directory else None
    assert noted is not None
    assert list(noted["parts"]) == ["reward"]

    with pytest.raises(
        UserError, match=r"parts\.reward: was tests\..*, is now the config's"
    ):
        docendo.resume_run(folder)
    with docendo.resume_run(folder, parts=parts) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    assert {episode.payoff.teacher for episode in episodes if episode.payoff} == {0.0}


def test_an_unknown_part_is_an_error_with_its_place(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    config.write_text(
        config.read_text().replace("own_reward:Generous", "own_reward:Generos")
    )
    with pytest.raises(
        UserError, match=r"\[teaching\] reward: .*no 'Generos'; did you mean 'Generous'"
    ):
        docendo.load_config(config)


def test_agents_loaded_from_a_run_answer(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "baseline")
    folder = tmp_path / "run"
    with docendo.open_run(config, folder=folder) as run:
        list(run.rounds())
    agents = docendo.load_agents(folder)
    assert agents.names == ["base", "ann", "bob"]
    assert agents.answer("ann", "tor: a b?") == agents.answer("ann", "tor: a b?")
    with pytest.raises(UserError, match="no agent 'anne'; did you mean 'ann'"):
        agents.answer("anne", "tor: a b?")
    assert set(agents.evaluate(problems=2)) >= {("ann", "letters"), ("bob", "digits")}
