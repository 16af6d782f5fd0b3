"""A study's numbers as JSON."""

import json
from pathlib import Path

from docendo.study.regimes import split_by_regime
from docendo.study.result_files import load_study
from docendo.study.summary import summarize_study
from tests.study.toys import toy_study


def test_every_arm_has_its_measures_costs_and_differences(tmp_path: Path) -> None:
    study = load_study(toy_study(tmp_path / "laboratory", seeds=2, regimes=("scarce",)))
    regimes = split_by_regime(study, 50)
    document = summarize_study(study, regimes)
    assert json.loads(json.dumps(document, allow_nan=False))["study"] == "laboratory"

    scarce = document["regimes"]["scarce"]
    teaching = scarce["arms"]["teaching"]
    assert teaching["seeds"] == [0, 1]
    mean = regimes[0].bootstrap.measures("teaching")["mean"].estimate("mean")
    assert teaching["measures"]["mean"]["mean"] == mean.mean
    # one is the other with its sign turned
    ahead = scarce["minus"]["joint-rl"]["teaching"]["mean"]
    assert scarce["minus"]["teaching"]["joint-rl"]["mean"] == -ahead
