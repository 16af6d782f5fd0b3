"""Records that build in one line, and small parts that do what a test says: no model, no randomness of their own."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from docendo.backend import TrainStep
from docendo.datasets.split import split_of
from docendo.errors import UserError
from docendo.games.play import DuelRules
from docendo.graders.answer import exact, per_answer
from docendo.interfaces import Matchmaker, Split
from docendo.league.population import Population
from docendo.league.posteriors import RatePosterior
from docendo.league.problem_replay import ProblemReplay
from docendo.league.snapshot_rules import Never
from docendo.league.standings import LiveStandings
from docendo.learning.rewards import GainReward
from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Example,
    Gradient,
    Lesson,
    Match,
    Message,
    Move,
    Pairing,
    Problem,
    Request,
    Rollout,
    Target,
    TeachingOption,
    Usage,
    Verdict,
)
from docendo.school import League, Schedule
from docendo.teaching.classroom import Classroom, TeachingRules

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
BY_THE_BOOK = "By the book."
"""Only the toy source's own solutions say so: no agent ever does."""


def problem(
    n: int = 0, domain: str = "sums", family: str = "small", level: int = 1
) -> Problem:
    """Number `n` of 0 to 999. The answer, 31415 + n, is in no prompt and belongs to no other number."""
    prompt = f"{domain} {family} {level}: {10000 + n} + 21415?"
    return Problem(
        domain,
        family,
        level,
        prompt,
        str(31415 + n),
        f"{BY_THE_BOOK}\nAnswer: {31415 + n}",
        source="toy",
    )


def asked(prompt: str) -> Problem:
    """The toy problem that a prompt asks."""
    kind, _, terms = prompt.partition(": ")
    domain, family, level = kind.split()
    return problem(int(terms.split()[0]) - 10000, domain, family, int(level))


def attempt(score: float = 1.0, text: str = "Answer: 31415") -> Rollout:
    return Rollout(
        Completion(text, (1,), (2, 3), (-0.5, -0.5)), Verdict(score, "as the test says")
    )


def attempts(*scores: float) -> tuple[Rollout, ...]:
    return tuple(attempt(score, f"attempt {i}") for i, score in enumerate(scores))


def lesson(*scores: float, first: int = 0, text: str = "lesson") -> Lesson:
    """One worked example per score, of the problems from number `first` on."""
    return Lesson(
        tuple(problem(first + i) for i in range(len(scores))),
        tuple(attempt(s, f"{text} {i}") for i, s in enumerate(scores)),
    )


def match(teacher: AgentId = ANN, student: AgentId = BOB, domain: str = "sums") -> Match:
    return Match(teacher, student, domain, "small", 1)


def episode(
    scores: Sequence[float] = (1, 0),
    expected: float = 0.25,
    lesson: Lesson = lesson(1),  # noqa: B008
    test: int = 500,
    control: Sequence[float] | None = None,
    match: Match = match(),  # noqa: B008
) -> Episode:
    """`scores` with the lesson, none where the gate stopped it; test problem number `test`.

    `control` are scores without it; if none are given there is one, the expected score.
    """
    control = [expected] if control is None else control
    return Episode(
        0, match, problem(test), lesson, attempts(*control), attempts(*scores), expected
    )


def pairing(first: AgentId = ANN, second: AgentId = BOB, game: str = "kuhn") -> Pairing:
    return Pairing(first, second, game)


def schedule(**amounts: Any) -> Schedule:
    """A round's amounts: those that a test does not name are small."""
    defaults = {
        "matches": 12,
        "resample_zero_variance": False,
        "practice": 2,
        "practice_attempts": 4,
        "rehearsal": 8,
        "imitation": 16,
        "one_shot_fraction": 0.33,
    }
    return Schedule(**{**defaults, **amounts})


def pay(episodes: Sequence[Episode], rejected: float = -0.5) -> list[Episode]:
    """The episodes with their payoffs: scores for the student, the gain for the teacher."""
    reward = GainReward(rejected)
    return [replace(episode, payoff=reward(episode)) for episode in episodes]


def duel(
    *choices: str,
    payoff: float = 0.5,
    first: AgentId = ANN,
    second: AgentId = BOB,
    game: str = "kuhn",
    deal: str = "king jack",
) -> Duel:
    """Both move in turn and say ``move 0``, ``move 1``, ...; the first player earns `payoff`, the second loses it."""
    moves = tuple(
        Move(i % 2, "", c, attempt(float(c != ""), f"move {i}"))
        for i, c in enumerate(choices)
    )
    return Duel(0, game, first, second, deal, moves, (payoff, -payoff))


@dataclass
class Sums:
    """A source of 1000 problems per family and level. Writes every draw into `log`."""

    domain: str = "sums"
    families: tuple[str, ...] = ("small",)
    log: list[str] = field(default_factory=list)

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return dict.fromkeys(self.families, (1, 2))

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        self.log.append("draw")
        rng, found = Random(seed), dict[str, Problem]()
        while len(found) < count:
            drawn = problem(rng.randrange(1000), self.domain, family, level)
            if split_of(drawn) == split:
                found.setdefault(drawn.key, drawn)
        return list(found.values())


@dataclass
class Few:
    """A source of just these problems."""

    problems: Sequence[Problem]
    domain: str = "sums"
    levels: Mapping[str, Sequence[int]] = field(default_factory=lambda: {"small": (1,)})

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        if count > len(self.problems):
            raise UserError(f"only {len(self.problems)} problems, not {count}")
        return Random(seed).sample(list(self.problems), count)


def shares(*seen: tuple[float, float], stale: float = 0.0) -> RatePosterior:
    """Beliefs from (sum of scores, number of scores) of each candidate."""
    totals, counts = np.array(seen, float).reshape(-1, 2).T
    return RatePosterior(totals, counts, np.full(len(seen), stale))


Script = Callable[[Request], str]


@dataclass
class Scripted:
    """An engine that says what `script` says. Keeps the batches; writes every batch's purposes into `log`."""

    script: Script
    log: list[str] = field(default_factory=list)
    batches: list[tuple[Request, ...]] = field(default_factory=list)

    @property
    def requests(self) -> list[Request]:
        return [r for batch in self.batches for r in batch]

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        self.batches.append(tuple(requests))
        self.log.append("+".join(sorted({r.purpose for r in requests})))
        return [
            Completion(
                text, (1,), tuple(text.encode(errors="surrogatepass")), (-1.0,) * len(text)
            )
            for text in map(self.script, requests)
        ]

    def pop_usage(self) -> list[Usage]:
        return []


def said(request: Request) -> str:
    """Every word of a prompt."""
    return "\n".join(m.content for m in request.messages)


def right(request: Request) -> str:
    """The answer to a toy sum, as an agent would write it."""
    return f"carry the one\nAnswer: {asked(request.messages[-1].content).answer}"


def wrong(request: Request) -> str:
    return "muddle\nAnswer: 0"


def empty_standings() -> LiveStandings:
    """What is known before the first round."""
    return LiveStandings(decay=0.95)


def toy_league(
    teaching_options: Sequence[TeachingOption], matchmaker: Matchmaker, **parts: Any
) -> League:
    """A league without copies and without replay."""
    usual = {
        "standings": empty_standings(),
        "population": Population(Never(), max_snapshots=2),
        "problem_replay": ProblemReplay(fraction=0.0),
    }
    return League(teaching_options, matchmaker, **{**usual, **parts})


def duel_rules(**overrides: Any) -> DuelRules:
    usual = {"deals": 6, "repeats": 4, "max_tokens": 16, "temperature": 1.0}
    return DuelRules(**{**usual, **overrides})


def teaching_rules(**overrides: Any) -> TeachingRules:
    """Rules of a small match: those that a test does not name."""
    defaults = {
        "lessons": 2,
        "examples": 1,
        "attempts": 4,
        "control_attempts": 4,
        "control_shrinkage": 4.0,
        "max_tokens": 64,
        "temperature": 1.0,
        "gate": True,
    }
    return TeachingRules(**{**defaults, **overrides})


def classroom(
    script: Script,
    rules: TeachingRules = teaching_rules(),  # noqa: B008
    **parts: Any,
) -> Classroom:
    """Ann, Bob and Cat, each with an instruction of its own, and `sources` of sums where none are given."""
    sources = parts.get("sources", {"sums": Sums()})
    instructions = {a: f"You are {a}." for a in (ANN, BOB, CAT)}
    return Classroom(
        parts.get("engine", Scripted(script)),
        sources,
        dict.fromkeys(sources, per_answer(exact)),
        rules,
        instructions,
        scorer=parts.get("scorer"),
        solved_problems=parts.get("solved_problems", {}),
    )


def target(agent: AgentId = ANN, weight: float = 1.0, tokens: int = 2) -> Target:
    return Target(agent, (1,), tuple(range(tokens)), weight)


def example(
    agent: AgentId = ANN, text: str = "Answer: 31415", weight: float = 1.0
) -> Example:
    return Example(agent, (Message("user", "10000 + 21415?"),), text, weight)


@dataclass
class RecordingBackend:
    """Remembers every training step; an agent's gradient is what `gradients` says, else of norm 1 and noise 0.25."""

    gradients: Mapping[AgentId, Gradient] = field(default_factory=dict)
    steps: list[tuple[str, dict[AgentId, float], list[Target], Any]] = field(
        default_factory=list
    )
    """(purpose, learning rates, targets, loss)."""
    base_logprobs: tuple[float, ...] = ()
    scored: list[tuple[str, AgentId]] = field(default_factory=list)
    """(purpose, agent) of every target that was scored."""

    def logprobs(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        self.scored += [(purpose, target.agent) for target in targets]
        return [self.base_logprobs for _ in targets]

    def target(self, example: Example) -> Target:
        return Target(example.agent, (1,), tuple(example.text.encode()), example.weight)

    def ids(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode())

    def train(self, step: TrainStep) -> dict[AgentId, Gradient]:
        rates = dict(step.rates)
        self.steps.append((step.purpose, rates, list(step.targets), step.loss.build()))
        return {
            agent: self.gradients.get(agent, Gradient(1.0, 0.25, 0.5, 0.125))
            for agent in rates
        }


def load_script(path: Path) -> ModuleType:
    """A Python file that is in no package, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
