"""The curves of a study: which arms share a picture."""

import re
from pathlib import Path

from docendo.study.result_files import write_result
from docendo.study.results import CurvePoint, TrainingTrace
from tests.study.test_study_page import written
from tests.study.toys import TRAINED, result


def test_ablations_have_their_own_chart_beside_the_arm_they_ablate(
    tmp_path: Path,
) -> None:
    for arm in (
        "teaching",
        "joint-rl",
        "single-agent",
        "teaching-oracle-lessons",
        "teaching-no-gate",
    ):
        curve = [
            CurvePoint(flops=x, accuracy={a: dict.fromkeys(TRAINED, 0.5) for a in "ab"})
            for x in (0, 90)
        ]
        write_result(tmp_path, result(arm, curve=curve))
    page = written(tmp_path).read_text()
    rivals, ablations = re.findall(
        r'aria-label="Accuracy in scarce[^"]*">(.*?)</svg>', page
    )
    colours = r'class="swatch \w+ series s(\d) a\d"></i>([\w-]+)'
    assert sorted(re.findall(colours, rivals)) == [
        ("0", "teaching"),
        ("1", "joint-rl"),
        ("2", "single-agent"),
    ]
    assert sorted(re.findall(colours, ablations)) == [
        ("0", "teaching"),
        ("2", "teaching-no-gate"),
        ("3", "teaching-oracle-lessons"),
    ]


def test_an_arm_with_rounds_but_without_gains_has_a_line(
    tmp_path: Path,
) -> None:
    write_result(
        tmp_path,
        result("experts", trace=TrainingTrace(nonzero_variance=((1, 0.2), (2, 0.6)))),
    )
    assert "experts: 20% to 60%" in written(tmp_path).read_text()
