"""A league of three on toy sums: its parts, and what its rounds train on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from docendo.games.kuhn_text import KUHN
from docendo.games.play import DuelRunner
from docendo.games.text_game import legal_moves_in
from docendo.league.curriculum import (
    ByLearnability,
    UnlockLevels,
)
from docendo.league.duel_matches import DuelMatchmaker
from docendo.league.matchmaking import Thompson, Uniform
from docendo.league.population import Population
from docendo.league.problem_replay import ProblemReplay
from docendo.league.snapshot_rules import EveryRounds
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.learning.baselines import LeaveOneOut
from docendo.learning.rewards import GainReward
from docendo.loop import teach
from docendo.records import (
    AgentId,
    Example,
    Problem,
    Request,
    ScoredSample,
    Target,
    TaskType,
    TeachingOption,
)
from docendo.school import Arena, Expert, Recipients, Round, School
from docendo.sft_data import build_examples
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Sums,
    asked,
    classroom,
    duel_rules,
    right,
    said,
    schedule,
    teaching_rules,
    toy_league,
    wrong,
)

BOOK = AgentId("book")


FAMILIES = ("small", "large")


OWN = {ANN: "sums", BOB: "plums", CAT: None}
"""Ann and Bob are experts; Cat only learns from them."""


RULES = teaching_rules(lessons=3, attempts=5, control_attempts=3)


LEAGUE = (
    "teaching_options",
    "matchmaker",
    "practice_curriculum",
    "standings",
    "population",
    "problem_replay",
)


SCHEDULE = schedule(
    matches=8,
    practice=3,
    practice_attempts=4,
    rehearsal=6,
    imitation=10,
    one_shot_fraction=0.5,
)


@dataclass
class RecordingKeeper:
    """Remembers who was copied, replaced and removed."""

    log: list[tuple[str, ...]] = field(default_factory=list)

    def snapshot(self, agent: AgentId, name: AgentId) -> None:
        self.log.append(("snapshot", agent, name))

    def replace(
        self, agent: AgentId, parents: Sequence[AgentId], scale: float, seed: int
    ) -> None:
        self.log.append(("replace", agent, *parents))

    def remove(self, agent: AgentId) -> None:
        self.log.append(("remove", agent))


@dataclass
class CountingLearner:
    """Keeps what each round would train on."""

    rounds: list[tuple[list[ScoredSample], list[Example]]] = field(default_factory=list)

    def update(
        self,
        credits: Sequence[ScoredSample],
        examples: Sequence[Example],
        labelled: Sequence[Target] = (),
    ) -> dict[str, float]:
        self.rounds.append((list(credits), list(examples)))
        return {"samples/policy": len(credits), "samples/sft": len(examples)}


def helped(request: Request) -> str:
    """Nobody knows a foreign domain. A lesson that says how to carry helps most of the time; one in three says not."""
    chance = request.seed % 60
    knows = {
        "lesson": chance % 3 > 0,
        "control": chance % 10 == 0,
        "attempt": "carry" in said(request) and chance % 4 > 0,
        "practice": chance % 2 == 0,
    }
    return right(request) if knows[request.purpose] else wrong(request)


def make(script=helped, **parts: Any) -> School:
    sources = {d: Sums(d, FAMILIES) for d in ("sums", "plums")}
    courses = [
        TeachingOption(TaskType("sums", f, level), (ANN,), (BOB, CAT))
        for f in FAMILIES
        for level in (1, 2)
    ]
    courses += [
        TeachingOption(TaskType("plums", f, 1), (BOB,), (ANN, CAT)) for f in FAMILIES
    ]
    league = {"teaching_options": courses, "matchmaker": RoundRobin()} | {
        k: parts.pop(k) for k in LEAGUE if k in parts
    }
    learner = CountingLearner()
    experts = [
        Expert(ANN, [TaskType("sums", f, level) for f in FAMILIES for level in (1, 2)]),
        Expert(BOB, [TaskType("plums", f, 1) for f in FAMILIES]),
        Expert(CAT),
    ]
    return School(
        experts=parts.pop("experts", experts),
        classroom=classroom(script, parts.pop("rules", RULES), sources=sources),
        league=toy_league(**league),
        reward=GainReward(-0.5),
        backend=RecordingKeeper(),
        **{
            "baseline": LeaveOneOut(),
            "learner": learner,
            "sft_learner": lambda _: learner,
            "schedule": SCHEDULE,
            "sft_data": build_examples,
            **parts,
        },
    )


def taught(
    school: School, rounds: int = 4, seed: int = 1, first_matched_round: int = 0
) -> list[Round]:
    return list(teach(school, range(rounds), seed, first_matched_round))


def lively(**parts: Any) -> dict[str, Any]:
    """The parts of a league in which everything happens: copies, anchors, a deck, a curriculum."""
    population = Population(EveryRounds(2), max_snapshots=1, reference_copies=True)
    population.add_founders([ANN, BOB, CAT])
    curriculum = UnlockLevels(ByLearnability(floor=0.1), threshold=0.3)
    pair = CurriculumMatchmaker(
        curriculum, Thompson(), {ANN, BOB, CAT}.__contains__, reference_count=2
    )
    return {
        "population": population,
        "problem_replay": ProblemReplay(0.5),
        "practice_curriculum": curriculum,
        "matchmaker": pair,
    } | parts


def task(example: Example) -> Problem:
    """The problem that an example solves."""
    return asked(example.messages[-1].content)


def trained_on(school: School) -> list[Example]:
    return [example for _, examples in school.learner.rounds for example in examples]


def foreign(school: School) -> list[Example]:
    return [e for e in trained_on(school) if task(e).domain != OWN[e.agent]]


def shown_before(example: Example) -> list[str]:
    """The worked solutions in an example's prompt."""
    return [m.content for m in example.messages if m.role == "assistant"]


def apart(**parts: Any) -> School:
    """All practise everything and read everybody's homework once they meet."""
    every = [TaskType("sums", f, 1) for f in FAMILIES] + [
        TaskType("plums", f, 1) for f in FAMILIES
    ]
    experts = [replace(e, practice_task_types=every) for e in make().experts]
    audience = Recipients(solutions=dict.fromkeys((ANN, BOB), (ANN, BOB, CAT)))
    amounts = schedule(matches=2, practice=12, practice_attempts=1)
    return make(
        script=right, experts=experts, recipients=audience, schedule=amounts, **parts
    )


def dueller(request: Request) -> str:
    """Everybody bets and calls; teaches as before."""
    if request.purpose != "duel":
        return helped(request)
    return (
        "Answer: bet"
        if "bet" in legal_moves_in(request)
        else f"Answer: {legal_moves_in(request)[1]}"
    )


def with_arena(script=dueller, pairings: int = 3) -> School:
    school = make(script, **lively())
    roles = dict.fromkeys((ANN, BOB, CAT), "main")
    room = DuelRunner(
        school.classroom.engine,
        {"kuhn": KUHN},
        school.classroom.instructions,
        duel_rules(repeats=2),
    )
    pair = DuelMatchmaker("kuhn", roles, {"main": Uniform()})
    return replace(school, arena=Arena(room, pair, pairings, rules=0.5))
