"""A result is a file that comes back as it was, or says what is wrong with it."""

import json
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.study.result_files import load_study, read_result, write_result
from tests.study.toys import about, answers, result

WRONG = {
    "cost.spent: input should be a valid number, got 'much'": {
        "cost": {"budget": 1.0, "spent": "much"}
    },
    "cost.budget: input should be greater than 0, got 0.0": {
        "cost": {"budget": 0.0, "spent": 1.0}
    },
    "cost.budget: field required": {"cost": {"spent": 1.0}},
    "no field 'score'": {"score": 1},
    "format: input should be 2, got 1": {"format": 1},
    "arm: string should match pattern": {"arm": "../x"},
    "scores.test.a.letters/flip: string should match pattern": {
        "scores": {"test": {"a": {"letters/flip": "01x"}}}
    },
    "scores.test: no agent 'c'; known: a, b": {
        "scores": {"test": answers(("c",), letters_flip="01")}
    },
    "scores.test: agent 'b' is missing": {
        "scores": {"test": answers(("a",), letters_flip="01")}
    },
    "scores.test.a: no family 'letters/flop'; did you mean 'letters/flip'": {
        "scores": {"test": answers(letters_flop="01", letters_turn="01", numbers_sums="01")}
    },
    "scores.vote.letters/flip: got 1 problems, expected 4": {
        "scores": {"vote": {"letters/flip": "0"}}
    },
    "scores.ood: 'letters/turn' was trained on": {
        "scores": {"ood": answers(letters_turn="0")}
    },
    "curve.1.flops: got 5 after 5, expected more": {
        "curve": [
            {"flops": 5.0, "accuracy": {a: {"letters": 0.0, "numbers": 0.0} for a in "ab"}}
        ]
        * 2
    },
    "setup.expert_domains.a: no domain 'letter'; did you mean 'letters'": {
        "setup": {"expert_domains": {"a": ["letter"]}}
    },
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_field_is_reported_with_its_file(said: str, tmp_path: Path):
    path = write_result(tmp_path, result())
    plain = json.loads(path.read_text())
    for name, value in WRONG[said].items():
        keeps = isinstance(value, dict) and name in {"scores", "setup"}
        plain[name] = plain[name] | value if keeps else value
    path.write_text(json.dumps(plain))
    with pytest.raises(UserError) as raised:
        read_result(path)
    assert str(raised.value).startswith(f"{path}: {said}")
    assert "\n" not in str(raised.value)


def test_an_arm_may_be_a_single_agent(tmp_path: Path):
    one = answers(("one",), letters_flip="0011", letters_turn="0001", numbers_sums="01")
    write_result(tmp_path, result("single-agent", test=one, setup=about(("one",))))
    write_result(tmp_path, result("teaching"))
    assert set(load_study(tmp_path).results["scarce"]) == {"single-agent", "teaching"}
