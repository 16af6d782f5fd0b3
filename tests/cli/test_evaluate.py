"""The eval command: held-out accuracy of a run's agents."""

import shutil
from pathlib import Path

import pytest

from docendo.cli.evaluate import summarize_scores
from docendo.records import AgentId
from docendo.statistics import wilson_interval
from docendo.store import RunDirectory
from tests.cli.toys import docendo, hashes


def test_eval_tests_every_agent_on_problems_that_the_run_did_not_see(
    finished: Path, here: Path
) -> None:
    before = hashes(finished)
    found = docendo("eval", finished, "--json").json
    assert hashes(finished) == before
    assert (found["seed"], found["n"], found["with_lesson"]) == (2, 2, False)
    assert found["asked_in_run"] < 6
    assert list(found["accuracy"]) == ["base", "emmy", "ada", "rosalind"]
    cell = found["accuracy"]["emmy"]["mathematics"]
    assert cell["n"] == 2
    assert cell["own"] is True
    assert [cell["low"], cell["high"]] == pytest.approx(
        wilson_interval(cell["accuracy"], 2)
    )
    assert found["accuracy"]["base"]["mathematics"]["own"] is False
    assert docendo("eval", finished, "--json").json == found
    assert docendo("eval", finished, "--seed", 1, "--json").json["asked_in_run"] == 6

    # an untrained model goes on and on, up to its 8 tokens
    assert found["cut"] > 0.2
    shown = docendo("eval", finished, "--agent", "emmy").out
    assert "of the answers ended at their limit of tokens" in shown
    assert "raise teaching.max_tokens" in shown


def test_eval_of_one_agent_and_domain_after_a_worked_example(
    finished: Path, here: Path
) -> None:
    words = (
        "eval",
        finished,
        "--agent",
        "ada",
        "--domain",
        "biology",
        "--n",
        3,
        "--seed",
        7,
        "--with-lesson",
    )
    found = docendo(*words, "--json").json
    assert list(found["accuracy"]) == ["ada"]
    assert list(found["accuracy"]["ada"]) == ["biology"]
    assert found["accuracy"]["ada"]["biology"]["n"] == 3
    assert found["own"] is None
    assert "Accuracy after a worked example" in docendo(*words).out


def test_eval_of_the_population_as_a_system(finished: Path, here: Path) -> None:
    words = ("eval", finished, "--system", "--domain", "biology", "--n", 2)
    ways = docendo(*words, "--json").json["system"]
    assert [way["name"] for way in ways] == ["lesson", "alone", "vote", "teacher"]
    # two students who are no experts of it
    assert {way["accuracy"]["n"] for way in ways} == {4}
    assert "The population as a system" in docendo(*words).out

    refused = docendo(*words, "--with-lesson")
    assert refused.code == 2
    assert "leave --agent and --with-lesson out" in refused.err


def test_the_mean_accuracies_leave_the_base_model_out() -> None:
    ann, base = AgentId("ann"), AgentId("base")
    scores = {
        (ann, "sums"): [1, 0],
        (ann, "words"): [0, 0, 0, 1],
        (base, "sums"): [1, 1],
        (base, "words"): [1],
    }
    found = summarize_scores(scores, {"ann": ["sums"]})
    assert (found["own"], found["others"]) == (0.5, 0.25)
    assert found["accuracy"]["base"]["words"]["accuracy"] == 1.0
    assert summarize_scores({}, {}) == {"accuracy": {}, "own": None, "others": None}


def test_a_run_without_a_checkpoint_cannot_be_evaluated(here: Path, finished: Path) -> None:
    RunDirectory.create(here / "run", (finished / "config.toml").read_text()).close()
    done = docendo("eval", "run")
    assert (done.code, done.out) == (2, "")
    assert "run has no checkpoint yet; go on with `docendo resume run`" in done.err


def test_a_damaged_checkpoint_is_skipped_with_a_warning(here: Path, finished: Path) -> None:
    shutil.copytree(finished, here / "run")
    (
        sorted((here / "run" / "checkpoints").iterdir())[-1] / "optimizer.safetensors"
    ).write_bytes(b"")
    done = docendo("export", "run", "emmy", "out")
    assert done.code == 0
    assert (
        "is damaged (optimizer.safetensors was changed); an older one is used" in done.err
    )
    assert "after round 1" in done.out
