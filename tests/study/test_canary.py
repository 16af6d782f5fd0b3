"""Who trains on whose words. Agents sign what they write, so that a worked solution tells where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.data import draw_solved_problems
from docendo.build.school import build_school
from docendo.config.load import Config
from docendo.errors import UserError
from docendo.loop import finetune, teach
from docendo.problems.procedures import PROCEDURES, draft_procedure
from docendo.records import Episode, Example, Request, Target, is_frozen_copy
from docendo.school import School
from docendo.study.arms import ARMS
from tests.school_toys import RecordingKeeper
from tests.study.leagues import AGENTS, DOMAINS, SMALL, config
from tests.toys import RecordingBackend, Scripted

SIGNED = "By "
BUSY = SMALL | {
    "teaching": {"matches": 6, "attempts": 2, "control_attempts": 2},
    "learning": {
        "self_practice": 3,
        "practice_attempts": 2,
        "imitation": 8,
        "rehearsal": 8,
        "one_shot_fraction": 0.5,
    },
}
FEW = {
    name: {"families": {f: [3] for f in of}, "solutions": 8} for name, of in DOMAINS.items()
}
DOMAIN_OF = {word: domain for domain, spec in PROCEDURES.items() for word in spec.words}


def worked(prompt: str) -> str:
    """The worked solution of a question, as the domain has it."""
    word, text = prompt.split(" ")
    spec = PROCEDURES[DOMAIN_OF[word]]
    return draft_procedure(word, spec.words[word], spec, text).solution


def skilled(request: Request) -> str:
    """Right, and signed: always at home and in lessons, after a lesson, and now and then without one."""
    knows = request.purpose != "control" and (
        len(request.messages) > 2 or request.purpose != "attempt"
    )
    if not knows and request.seed % 3:
        return "muddle\nAnswer: 0"
    return f"{SIGNED}{request.agent}.\n{worked(request.messages[-1].content)}"


@dataclass
class Spy(RecordingBackend):
    """Keeps every example that anybody is trained on."""

    examples: list[Example] = field(default_factory=list)

    def target(self, example: Example) -> Target:
        self.examples.append(example)
        return super().target(example)


@dataclass
class Played:
    school: School
    spy: Spy
    engine: Scripted
    episodes: Sequence[Episode]

    def pool(self) -> set[tuple[str, str]]:
        return {
            (p.prompt, p.worked)
            for some in self.school.classroom.solved_problems.values()
            for p in some
        }

    def unsigned(self, agent: str) -> set[tuple[str, str]]:
        """All worked solutions that an agent was trained on, or shown meanwhile, and that no agent wrote."""
        found = set[tuple[str, str]]()
        for example in (e for e in self.spy.examples if e.agent == agent):
            said = [m.content for m in example.messages if m.role != "system"] + [
                example.text
            ]
            found |= {
                (q, a)
                for q, a in zip(said[::2], said[1::2], strict=True)
                if not a.startswith(SIGNED)
            }
        return found


def played(arm: str = "teaching", script: Any = skilled, **given: Any) -> Played:
    """Two rounds of study and five of the arm."""
    made = ARMS[arm].derive(config(**BUSY | given, domains=FEW))
    spy, engine = Spy(), Scripted(script)
    school = build_school(made, read_catalog(made), spy)
    school = replace(
        school,
        classroom=replace(school.classroom, engine=engine),
        backend=RecordingKeeper(),
    )
    list(finetune(school, range(2), 24, 0))
    return Played(
        school, spy, engine, [e for r in teach(school, range(2, 7), 0) for e in r.episodes]
    )


@pytest.mark.parametrize(
    "arm",
    [
        "teaching",
        "experts",
        "teaching-oracle-lessons",
        "joint-rl",
        "single-agent",
        "teaching-frozen-teachers",
    ],
)
def test_with_few_solutions_no_agent_trains_on_any_other_solution(arm: str) -> None:
    found = played(arm)
    pool = found.pool()
    assert len(pool) == 3 * 8
    seen = {
        pair for expert in found.school.experts for pair in found.unsigned(expert.agent)
    }
    assert seen <= pool
    assert len(seen) > 20


def test_with_few_solutions_other_problems_are_still_practised() -> None:
    found = played("experts")
    prompts = {
        r.messages[-1].content for r in found.engine.requests if r.purpose == "practice"
    }
    assert len(prompts - {prompt for prompt, _ in found.pool()}) > 20


@pytest.mark.parametrize("homework", ["none", "all"])
def test_in_teaching_nobody_trains_on_a_worked_solution_of_anothers_domain(
    homework: str,
) -> None:
    found, taught = played(learning=BUSY["learning"] | {"share_solutions": homework}), 0
    for agent, domain in AGENTS.items():
        unsigned = {DOMAIN_OF[prompt.split(" ")[0]] for prompt, _ in found.unsigned(agent)}
        assert unsigned == {domain}
        signed = [
            e for e in found.spy.examples if e.agent == agent and e.text.startswith(SIGNED)
        ]
        foreign = [
            e for e in signed if DOMAIN_OF[e.messages[-1].content.split(" ")[0]] != domain
        ]
        assert homework == "all" or len(foreign) == len(signed), "its own homework too"
        taught += len(foreign)
    assert taught > 20


def test_with_oracle_lessons_all_lessons_are_solutions_of_the_pool() -> None:
    found = played("teaching-oracle-lessons")
    shown = {
        (p.prompt, a.completion.text)
        for e in found.episodes
        for p, a in zip(*_lesson(e), strict=True)
    }
    assert shown <= found.pool()
    assert len(shown) > 5
    assert "lesson" not in {r.purpose for r in found.engine.requests}


def _lesson(e: Episode) -> tuple[Any, Any]:
    return e.lesson.problems, e.lesson.examples


def test_with_frozen_teachers_all_lessons_come_from_snapshots_before_teaching() -> None:
    found = played("teaching-frozen-teachers")
    authors = {r.agent for r in found.engine.requests if r.purpose == "lesson"}
    assert authors == {f"{agent}@1" for agent in AGENTS}
    assert {r.agent for r in played().engine.requests if r.purpose == "lesson"} == set(
        AGENTS
    )
    assert not any(is_frozen_copy(e.agent) for e in found.spy.examples)


def wrong_teachers(request: Request) -> str:
    return "muddle\nAnswer: 0" if request.purpose == "lesson" else skilled(request)


def test_without_the_gate_wrong_lessons_are_shown_and_with_it_they_are_not() -> None:
    for arm, attempts in (("teaching", 0), ("teaching-no-gate", 2)):
        found = played(arm, wrong_teachers)
        assert found.episodes
        assert {(e.lesson.passed, len(e.attempts)) for e in found.episodes} == {
            (False, attempts)
        }


def pools(given: Config) -> Any:
    return draw_solved_problems(given, read_catalog(given))


def test_all_arms_of_a_seed_have_the_same_solutions_and_another_seed_has_others() -> None:
    given = config(**BUSY, domains=FEW)
    here = pools(given)
    assert sum(map(len, here.values())) == 24
    assert [len(here[kind]) for kind in here] == [4, 4, 8, 8]
    for arm in ARMS.values():
        assert pools(arm.derive(given)) == here
    assert pools(given.model_copy(update={"seed": 1})) != here


def test_fewer_solutions_than_task_types_are_refused() -> None:
    few = FEW | {"letters": FEW["letters"] | {"solutions": 1}}
    with pytest.raises(
        UserError,
        match=r"\[domains.letters\] solutions = 1: expected one for each of 2 families",
    ):
        pools(config(domains=few))
