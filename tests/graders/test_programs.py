"""Which part of a text is the program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.graders.programs import extract_program


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("So:\n```python\nx + 1\n```\nDone.", "x + 1"),
        ("```\na\n```\n```py\nb\n```", "b"),
        ("Answer: ```x + 1```", "x + 1"),
        ("Answer: `x + 1`", "x + 1"),
        ("Double it.\nAnswer: def f(x):\n    return 2", "def f(x):\n    return 2"),
        ("x + 1", "x + 1"),
        ("```python\nx + 1", "x + 1"),
        ("Answer:", None),
        ("```\n```", None),
        ("~~~python\nx\n~~~", "x"),
        ("````md\nx\n````\n```py\ny\n```", "y"),
        ("```python title=a.py\nx\n```", "x"),
        ("```{.python}\nx\n```", "x"),
        ("```python\nx\n```\n```\n42\n```", "x"),
        ("```python\nx\n```\n```bash\npython a.py\n```", "x"),
        ("```python\na\n```python\nb\n```", "b"),
        ("```python\na\n```\nBetter:\n```python\nb +", "a"),
        ("1. So:\n   ```python\n   if x:\n       y\n   ```", "if x:\n    y"),
        ("- ```python\n  x\n  ```", "x"),
        ("```python\nx = '```'  # a fence\n```", "x = '```'  # a fence"),
    ],
)
def test_the_program_is_the_last_code_block_or_the_text_after_the_marker(
    text: str, code: str | None
) -> None:
    assert extract_program(text) == code


F = "def f(x):\n    return g(x)"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"```python\n{F}\n```\nUse:\n```python\nprint(f(3))\n```\n```\n7\n```", F),
        (f"```python\n{F}\n```\n```python\nassert f(3) == 7\n```", F),
        (f"```python\ndef f(x): return 1\n```\nNo:\n```python\n{F}\n```", F),
        (f"```\ndef g(x): return x\n```\n```\n{F}\n```", f"def g(x): return x\n{F}"),
        (f"```\n{F}\n```\n```\ndef g(x): return x\n```", f"{F}\ndef g(x): return x"),
        (f"```\nfrom a import b as g\n```\n```\n{F}\n```", f"from a import b as g\n{F}"),
        (f"```\ng = abs\n```\n```\n{F}\n```", f"g = abs\n{F}"),
        (f"```\ng = f(3)\n```\n```\n{F}\n```", F),
        (f"```python\n{F}\n", F),
        (f"```python\n{F}\n```\n```python\ndef f(x):\n    return", F),
        (
            "```python\nasync def f(x): return 1\n```\n```\n1\n```",
            "async def f(x): return 1",
        ),
        ("```\nf = lambda x: 1\n```\n```\nf(3)\n```", "f = lambda x: 1"),
        ("```python\nlambda x: 1\n```\n```\n1\n```", "lambda x: 1"),
        (F, F),
    ],
)
def test_the_program_is_what_defines_the_function_with_what_it_needs(
    text: str, code: str
) -> None:
    assert extract_program(text, function="f") == code


@pytest.mark.parametrize(
    "text",
    ["`" * 99_999, "`" * 99_999 + "a`", "```a" * 25_000, " " * 99_999 + "~", "```\n" + "\n" * 99_999,
     "```\n" + "x " * 50_000, "~~~\n" * 25_000, "def " * 25_000, "import " * 15_000],
)  # fmt: skip
def test_reading_a_hostile_text_takes_no_more_than_linear_time(text: str) -> None:
    """With a pattern that backtracks each of these takes minutes."""
    program = extract_program(text, function="f")
    assert program is None or len(program) <= len(text)


code_lines = st.lists(
    st.sampled_from(["x = 1", "if x:", "    y", "", "print('a')"]), min_size=1
)


@given(
    code_lines, st.sampled_from(["```", "~~~", "````"]), st.integers(0, 8), st.booleans()
)
def test_a_block_is_the_same_at_any_indentation_and_after_any_prose(
    lines: list[str], fence: str, indent: int, closed: bool
) -> None:
    program = ["def f(x):", "    pass", *lines]
    block = [f"{fence}python", *program, *[fence] * closed]
    text = "\n".join(["Here it is.", "", *(" " * indent + line for line in block)])
    assert extract_program(text, function="f") == "\n".join(program).strip("\n")


@given(st.text(alphabet="`~ \na1.-"))
def test_any_text_has_a_program_or_none(text: str) -> None:
    program = extract_program(text, function="f")
    assert program is None or program != ""
