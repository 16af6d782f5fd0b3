"""The package as a whole: what importing it costs, and what it exports."""

import subprocess
import sys

import pytest

import docendo

HEAVY = [
    "torch",
    "transformers",
    "peft",
    "numpy",
    "pyarrow",
    "datasets",
    "pydantic",
    "rich",
    "typer",
    "ray",
    "scipy",
]


@pytest.mark.parametrize(
    ("module", "needs"),
    [
        ("docendo", []),
        ("docendo.records", []),
        ("docendo.interfaces", ["numpy"]),
        ("docendo.loop", ["numpy", "pydantic"]),
    ],
)
def test_importing_the_library_imports_nothing_heavy(module: str, needs: list[str]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == needs


def test_the_version_is_what_the_package_says() -> None:
    assert all(part.isdecimal() for part in docendo.__version__.split("."))


def test_every_name_of_the_public_api_can_be_imported() -> None:
    for name in docendo.__all__:
        assert getattr(docendo, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'learn'"):
        docendo.learn  # noqa: B018
