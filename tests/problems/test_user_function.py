"""A user's own function as a source."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from docendo.errors import RunError, UserError
from docendo.problems.user_function import load_function

RECIPE = Path(__file__).parents[2] / "recipes" / "tariff.py"


def test_a_function_in_a_file_can_be_a_source() -> None:
    source = load_function(RECIPE, "mathematics")
    drawn = source.draw("tariff", 2, 5, 1, "train")
    assert drawn == source.draw("tariff", 2, 5, 1, "train")
    assert {p.source for p in drawn} == {"tariff.py"}
    assert all(p.solution.endswith(f"Answer: {p.answer}") for p in drawn)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def draft(rng, level: return 1", r"asker.py:1: "),
        ("import no_such_module_here", "No module named"),
        ("x = 1", "has no function 'draft'"),
        ("def draft(rng, level): return 'q'", r"draft must return \(question, answer\)"),
        ("def draft(rng, level): return 'q', 3", "draft must return"),
        ("def draft(rng, level): return {'question': 'q'}", "draft must return"),
        (
            "def draft(rng, level): return 'q', 'a', '', 'f(3) = 7'",
            "draft: a test is no Python",
        ),
        (
            "import random\ndef draft(rng, level): return str(random.random()), 'a'",
            "two problems for the same rng",
        ),
    ],
)
def test_a_file_without_a_usable_asker_is_refused_with_the_reason(
    code: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "asker.py").write_text(code)
    with pytest.raises(UserError, match=said):
        load_function(tmp_path / "asker.py", "d")
    with pytest.raises(UserError, match="no such Python file"):
        load_function(tmp_path / "none.py", "d")


TESTS = "['assert f(3) == 7', 'f(4) == 9']"


@pytest.mark.parametrize(
    "returned",
    [
        f"(str(rng.random()), 'x * 2 + 1', '', {TESTS})",
        f"dict(question=str(rng.random()), answer='x * 2 + 1', tests={TESTS})",
        f"Problem('d', 'f', level, str(rng.random()), 'x * 2 + 1', tests={TESTS})",
    ],
)
def test_a_function_may_return_tests_in_a_tuple_a_dict_or_a_problem(
    returned: str, file: Callable[[str], Path]
) -> None:
    head = "from docendo.records import Problem\ndef draft(rng, level): return "
    [problem] = load_function(file(head + returned), "d").draw("mine", 1, 1, 7, "train")
    assert problem.answer == "x * 2 + 1"
    assert problem.tests == ("f(3) == 7", "f(4) == 9")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return 1 / 0", r"mine.py:4: draft raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", r"mine.py:4: draft raised SystemExit: 3"),
        ("import os; os._exit(0)", r"mine.py: draft ended its process"),
    ],
)
def test_a_failing_asker_is_reported_with_line_and_arguments(
    line: str, said: str, file: Callable[[str], Path]
) -> None:
    source = load_function(
        file(
            f"def draft(rng, level):\n    if level < 3:\n        return str(rng.random()), '4'\n    {line}\n"
        ),
        "d",
    )
    assert len(source.draw("mine", 2, 3, 7, "train")) == 3
    with pytest.raises(RunError, match=rf"{said} \(at d/mine, level 3, seed 7\)"):
        source.draw("mine", 3, 1, 7, "train")


def test_an_asker_gets_the_same_random_numbers_as_in_this_process(
    file: Callable[[str], Path],
) -> None:
    """The generator goes there and comes back."""
    code = "def draft(rng, level):\n    return str(rng.gauss(0, 1)), str([rng.randrange(99) for _ in range(level)])\n"
    source, rng = load_function(file(code), "d"), random.Random(7)
    made = {
        (str(rng.gauss(0, 1)), str([rng.randrange(99) for _ in range(3)]))
        for _ in range(40)
    }
    assert {(p.prompt, p.answer) for p in source.draw("mine", 3, 10, 7, "train")} <= made
