"""A user's own function as a source."""

from pathlib import Path

import pytest

from docendo.errors import UserError
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
