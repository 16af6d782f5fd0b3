"""Names in a config become the values they stand for."""

from docendo.build import build_school, subjects
from docendo.classroom.grading import exact
from docendo.config import parse_config
from docendo.learning.credit import LeaveOneOut, Running
from docendo.learning.losses import Clipped, likelihood
from tests.toys import RecordingTrainable


def school(**learning):
    config = parse_config({"learning": learning}, "test")
    return build_school(config, subjects(config), RecordingTrainable())


def test_estimators_are_a_baseline_a_loss_and_a_number_of_passes():
    assert isinstance(school().baseline, LeaveOneOut)
    assert school().learner.loss is likelihood
    assert isinstance(school(estimator="reinforce").baseline, Running)
    clipped = school(estimator="ppo", epochs=3).learner
    assert clipped.loss == Clipped()
    assert clipped.epochs == 3


def test_every_domain_is_taught_by_its_experts_to_the_others():
    for course in school().pair.courses:
        assert len(course.teachers) == 1
        assert len(course.students) == 2
        assert not set(course.teachers) & set(course.students)


def test_the_class_listens_unless_lessons_are_for_their_student_alone():
    assert school().listeners["mathematics"] == ["ada", "rosalind"]
    assert school(audience="student").listeners == {}


def test_the_learning_rate_of_the_supervised_rounds_falls():
    built = school()
    rates = [built.tutor(i).imitation_rate for i in range(2)]
    assert rates[0] == 1.5e-3
    assert rates[1] < rates[0]


def test_graders_compare_text_where_a_problem_has_no_tests():
    config = parse_config({}, "test")
    found, built = subjects(config), school()
    (problem,) = found.sources["mathematics"].draw("sums", 1, 1, 0, "train")
    for text in (problem.solution, "Answer: 0", ""):
        assert built.classroom.graders["mathematics"](problem, text) == exact(problem, text)
