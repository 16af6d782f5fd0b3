"""Agents with tools in a whole school: what they are told, shown, taught and counted by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from docendo.build.agents import build_toolsets
from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config, load_config, parse_config
from docendo.errors import UserError
from docendo.learning.advantages import assign_advantages
from docendo.learning.update import policy_targets
from docendo.loop import group_rollouts, practise
from docendo.prompts import INSTRUCTION
from docendo.records import (
    AgentId,
    Completion,
    Lesson,
    MetricKey,
    Request,
    Rollout,
    Verdict,
)
from docendo.school import School
from docendo.sft_data import draw_rehearsal
from docendo.teaching.classroom import RolloutSpec
from tests.toys import RecordingBackend

EMMY, ADA = AgentId("emmy"), AgentId("ada")


@dataclass
class Calculating(RecordingBackend):
    """Calls the calculator for what it is asked, once, and believes it; one token a letter."""

    seen: list[Request] = field(default_factory=list)

    def ids(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode())

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        self.seen += requests
        return [self._answer(r) for r in requests]

    def _answer(self, r: Request) -> Completion:
        before = bytes(r.prefix_ids).decode()
        asked = r.messages[-1].content.removeprefix("What is ").removesuffix("?")
        wrong = "" if r.seed % 2 else " + 1"
        text = (
            f"\nAnswer:{before.rpartition('>>')[2]}"
            if before
            else f"<<calculator: {asked}{wrong}>>"
        )
        return Completion(text, (1,), tuple(text.encode()), (-0.5,) * len(text))

    def pop_usage(self) -> list[Any]:
        return []


def config(tools: Sequence[str] = ("calculator",), **emmy: Any) -> Config:
    agents = {
        "emmy": {"domain": "mathematics", "tools": list(tools), **emmy},
        "ada": {"domain": "programming"},
    }
    domains = {"mathematics": {"families": {"sums": [1]}}, "programming": {}}
    return parse_config(
        {"agents": agents, "domains": domains, "teaching": {"max_tokens": 99}}, "run.toml"
    )


def school(settings: Config) -> tuple[School, Calculating]:
    engine = Calculating()
    return build_school(settings, read_catalog(settings), engine), engine  # type: ignore[arg-type]


def test_only_agents_with_tools_are_told_how_to_call_them() -> None:
    told = school(config(["calculator", "units"]))[0].classroom.instructions
    assert told[EMMY] == f"{INSTRUCTION} Tools: <<calculator: ...>>, <<units: ...>>."
    assert told[ADA] == INSTRUCTION


def test_an_agent_calls_tools_in_practice_and_learns_its_sampled_tokens_only() -> None:
    built, _ = school(config())
    practice = practise(built, 0, seed=3)
    mine = [a.completion for p in practice if p.agent == EMMY for a in p.attempts]
    assert all(completion.text.startswith("<<calculator: ") for completion in mine)
    earned = assign_advantages(group_rollouts(built, (), practice), built.baseline)
    targets = [t for t in policy_targets(earned) if t.agent == EMMY]
    assert targets
    for target in targets:
        given = bytes(
            t for t, own in zip(target.tokens, target.sampled, strict=True) if not own
        ).decode()
        assert (
            bytes(target.tokens)
            .decode()
            .startswith(f"<<calculator: {_asked(target.tokens)}>>{given}\nAnswer:")
        )
        assert all(
            p == 0.0
            for p, own in zip(target.logprobs, target.sampled, strict=True)
            if not own
        )
    counted: dict[Any, float] = {}
    for pop_metrics in built.classroom.metric_sources:
        counted |= pop_metrics()
    assert counted["cut/practice"] == 0
    assert counted[MetricKey("tools/calls", EMMY)] == len(mine)
    assert counted[MetricKey("tools/errors", EMMY)] == 0


def _asked(tokens: Sequence[int]) -> str:
    return bytes(tokens).decode().partition(": ")[2].partition(">>")[0]


def test_worked_solutions_are_rewritten_for_agents_with_a_calculator() -> None:
    built, _ = school(config())
    for example in draw_rehearsal(built, built.experts[0], 6, seed=1):
        question = example.messages[-1].content.removeprefix("What is ").removesuffix("?")
        assert example.text.startswith(f"<<calculator: {question}>> ")
    without, _ = school(config([]))
    assert not any(
        "<<" in e.text for e in draw_rehearsal(without, without.experts[0], 6, seed=1)
    )


def test_a_lesson_is_shown_with_the_tools_its_student_can_use() -> None:
    built, _ = school(config())
    (one, other) = built.classroom.sources["mathematics"].draw("sums", 1, 2, 0, "train")
    asked = one.prompt.removeprefix("What is ").removesuffix("?")
    text = f"<<calculator: {asked}>> {one.answer}\nAnswer: {one.answer}"
    lesson = Lesson((one,), (Rollout(Completion(text), Verdict(1.0, "")),))
    for agent, shown in (
        (EMMY, text),
        (ADA, f"{asked} = {one.answer}\nAnswer: {one.answer}"),
    ):
        assert (
            built.classroom.prompt(RolloutSpec(agent, other, lesson, "attempt", 0))[
                2
            ].content
            == shown
        )


def test_the_token_limit_of_an_agent_includes_calls_and_results() -> None:
    built, engine = school(config(max_tokens=60))
    practise(built, 0, seed=3)
    mine = [r for r in engine.seen if r.agent == EMMY]
    assert {r.max_tokens + len(r.prefix_ids) for r in mine} == {60}
    assert any(r.prefix_ids for r in mine)


def test_agents_have_their_tools_in_games_too() -> None:
    table = config().model_dump()
    table["duels"] |= {"pairings": 1, "deals": 1, "max_tokens": 90}
    settings = parse_config(table, "run.toml")
    built, engine = school(settings)
    assert built.arena is not None
    request = Request(EMMY, built.classroom.prompt(_try(built)), 1, 90)
    (got,) = built.arena.room.engine.sample([request])
    assert "\nAnswer: " in got.text
    assert len(engine.seen) == 2


def _try(built: School) -> RolloutSpec:
    (problem,) = built.classroom.sources["mathematics"].draw("sums", 1, 1, 0, "train")
    return RolloutSpec(EMMY, problem, None, "duel", 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"tools": ["calculater"]},
            "[agents.emmy] tools: no tool 'calculater'; did you mean 'calculator'?",
        ),
        (
            {"tools": ["units:x"]},
            "[agents.emmy] tools: expected the name of a tool, 'dictionary:FILE' or 'python:SANDBOX', got 'units:x'",
        ),
        (
            {"tools": ["dictionary:"]},
            "expected the name of a tool, 'dictionary:FILE' or 'python:SANDBOX', got 'dictionary:'",
        ),
        ({"tools": ["units", "units"]}, "[agents.emmy] tools: 'units' stands twice"),
        (
            {"tools": ["dictionary:nowhere.tsv"]},
            "nowhere.tsv: the dictionary cannot be read: No such file",
        ),
        (
            {"tools": ["units"], "policy": "oracle"},
            "only agents with policy = 'model' call tools",
        ),
    ],
)
def test_unknown_tools_are_refused_before_anything_runs(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as error:
        read_catalog(config(**settings))
    assert message in str(error.value)


def test_a_users_dictionary_file_is_relative_to_the_config(tmp_path: Any) -> None:
    (tmp_path / "terms.tsv").write_text("quark\ta part of a proton\n")
    (tmp_path / "run.toml").write_text(
        '[agents]\nemmy = { domain = "biology", tools = ["dictionary:terms.tsv"] }\n'
    )
    found = build_toolsets(load_config(tmp_path / "run.toml"))
    assert found[EMMY].tools["dictionary"]("quarks") == "a part of a proton"
    assert found[EMMY].max_calls == 2
