"""The tables of a study."""

from pathlib import Path

from docendo.study.markdown import render_markdown
from docendo.study.regimes import split_by_regime
from docendo.study.result_files import load_study, write_result
from docendo.study.results import LessonGain, TrainingTrace
from tests.study.toys import result


def test_round_statistics_are_means_over_evaluations_and_lessons(tmp_path: Path) -> None:
    gains = tuple(
        LessonGain(flops=x, teacher="a", student="b", gain=g, lessons=n)
        for x, g, n in ((1, 0.5, 10), (2, 0.1, 30))
    )
    write_result(
        tmp_path,
        result(
            trace=TrainingTrace(
                nonzero_variance=((1, 0.2), (2, 0.6)),
                gate_passed=((1, 1.0),),
                lesson_gains=gains,
            )
        ),
    )
    told = render_markdown(study := load_study(tmp_path), split_by_regime(study, 10))
    assert "| teaching | 40% | 100% | \N{EN DASH} | +0.20 (40) |" in told
