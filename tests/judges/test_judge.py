"""The settings of a judge become one that solves, reads or compares."""

import pytest

from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.graders.context import EvaluatorContext, JudgeModels
from docendo.judges.judge import JudgeConfig
from docendo.judges.pairwise import PairwiseJudge
from docendo.judges.pointwise import ModelJudge
from docendo.records import AgentId

ANN, BOB = AgentId("ann"), AgentId("bob")
MODELS = JudgeModels(
    engine=Scripted(lambda request: "Answer: 7"),
    find=lambda name: [ANN, BOB] if name == "population" else [AgentId(name)],
    experts={"d": [BOB]},
    system_prompts={ANN: "Be brief."},
    max_tokens=30,
    max_answer_bytes=400,
)


def build(mode: str, models: JudgeModels | None = MODELS) -> object:
    context = EvaluatorContext(
        find=lambda name: pytest.fail("a judge has no members"),
        applies=lambda name, answer: True,
        find_person=lambda name: None,
        models=models,
    )
    part = JudgeConfig.model_validate(
        {"type": "judge", "model": "population", "mode": mode}
    )
    return part.build(context)


@pytest.mark.parametrize("mode", ["solving", "reading"])
def test_a_judge_of_single_answers_gets_the_runs_models(mode: str) -> None:
    judge = build(mode)
    assert isinstance(judge, ModelJudge)
    assert (judge.mode, judge.judges, judge.max_tokens) == (mode, [ANN, BOB], 30)
    assert (judge.instructions, judge.longest) == ({ANN: "Be brief."}, 400)
    assert judge.experts == {"d": [BOB]}


def test_a_judge_that_compares_reads_half_as_much_of_each_answer() -> None:
    judge = build("comparing")
    assert isinstance(judge, PairwiseJudge)
    assert (judge.judges, judge.longest) == ([ANN, BOB], 200)


def test_without_an_engine_there_is_no_judge() -> None:
    with pytest.raises(UserError, match="there is no engine to ask"):
        build("solving", models=None)
