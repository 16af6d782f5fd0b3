"""Names in a config become the values they stand for."""

from collections.abc import Sequence

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import parse_config
from docendo.graders.answer import exact
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.losses import PPOClip, policy_gradient
from docendo.records import BASE, AgentId, Answer, Completion, Match, Request
from docendo.teaching.game import play_matches
from tests.toys import RecordingBackend


def school(**learning):
    config = parse_config({"learning": learning}, "test")
    return build_school(config, read_catalog(config), RecordingBackend())


def test_the_learner_is_built_from_a_baseline_a_loss_and_a_number_of_epochs():
    assert isinstance(school().baseline, LeaveOneOut)
    assert school().learner.loss.build() is policy_gradient
    assert isinstance(school(baseline="running_mean").baseline, RunningMean)
    clipped = school(loss="ppo_clip", epochs=3).learner
    assert clipped.loss.build() == PPOClip(low=0.2, high=0.2)
    assert clipped.epochs == 3


def test_every_domain_is_taught_by_its_experts_to_the_others():
    for course in school().league.teaching_options:
        assert len(course.teachers) == 1
        assert len(course.students) == 2
        assert not set(course.teachers) & set(course.students)


def test_the_learning_rate_of_the_supervised_rounds_falls():
    built = school()
    rates = [built.sft_learner(i).sft_lr for i in range(2)]
    assert rates[0] == 1.5e-3
    assert rates[1] < rates[0]


def test_each_stage_has_its_own_decay_of_weights():
    table = {"experts": {"weight_decay": 6.0}, "learning": {"weight_decay": 2.0}}
    config = parse_config(table, "test")
    built = build_school(config, read_catalog(config), RecordingBackend())
    assert (built.sft_learner(0).weight_decay, built.learner.weight_decay) == (6.0, 2.0)


def test_answers_are_compared_as_text_where_a_problem_has_no_tests():
    config = parse_config({}, "test")
    found, built = read_catalog(config), school()
    (problem,) = found.sources["mathematics"].draw("sums", 1, 1, 0, "train")
    for text in (problem.solution, "Answer: 0", ""):
        assert built.classroom.evaluators["mathematics"](
            [Answer(problem, text, BASE, 0)]
        ) == [exact(problem, text)]


class Thoughtful(RecordingBackend):
    """Thinks of a secret before every answer, and remembers what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        self.asked += requests
        text = "<think>the secret</think>\n\nAnswer: 4"
        return [Completion(text, (1,), (2,), (-0.5,)) for _ in requests]


@pytest.mark.parametrize("shown", [False, True])
def test_what_a_model_thinks_reaches_nobody_unless_that_is_asked_for(shown):
    settings = {
        "engine": {"thinking": {"shown": shown}},
        "teaching": {"gate": False},
        "evaluators": {"panel": {"type": "judge", "model": "population"}},
        "domains": {"mathematics": {"evaluator": "panel"}},
        "agents": {"emmy": {"domain": "mathematics"}, "ada": {}},
    }
    config = parse_config(settings, "test")
    engine = Thoughtful()
    built = build_school(config, read_catalog(config), engine)
    match = Match(AgentId("emmy"), AgentId("ada"), "mathematics", "sums", 1)
    (episode, *_) = play_matches(built.classroom, 0, [match], built.league.standings, 3)

    # students read lessons, and judges read lessons and attempts
    prompts = {r.purpose: str(r.messages) for r in engine.asked if len(r.messages) > 2}
    assert {"attempt", "judging"} <= {request.purpose for request in engine.asked}
    texts = [str(request.messages) for request in engine.asked]
    assert any("secret" in text for text in texts) == shown
    assert ("secret" in prompts["attempt"]) == shown
    (lesson,) = episode.lesson.examples
    assert ("secret" in lesson.completion.text) == shown
    assert "secret" in lesson.completion.written


@pytest.mark.parametrize(
    ("teaching", "scored"),
    [({}, False), ({"candidates": 4}, True), ({"reward": "dense_gain"}, True)],
    ids=["by default", "to choose", "for the reward"],
)
def test_lessons_are_scored_only_where_somebody_asks_for_it(teaching, scored):
    config = parse_config({"teaching": teaching}, "test")
    backend = RecordingBackend()
    built = build_school(config, read_catalog(config), backend)
    assert (built.classroom.scorer is backend) == scored
