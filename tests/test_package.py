import subprocess
import sys

import pytest

import docendo
from docendo.errors import RunError, UserError, closest_hint, suggestion
from docendo.seeds import seed_for

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


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert seed_for(7, "lesson", 0, 1, 2) == 4103760612690658263
    assert [seed_for(7, "lesson", 0, 1, 2) for _ in range(3)] == [4103760612690658263] * 3


def test_every_part_of_a_seed_address_and_its_type_matters() -> None:
    addresses = [
        (0,),
        (1,),
        (0, 1),
        (0, "1"),
        (0, "a", "b"),
        (0, "a/b"),
        (0, "ab"),
        (0, "b", "a"),
    ]
    assert len({seed_for(*a) for a in addresses}) == len(addresses)
    assert all(0 <= seed_for(*a) < 2**63 for a in addresses)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    assert suggestion("trys", ["tries", "seed"]) == "; did you mean 'tries'?"


def test_where_no_name_is_near_all_names_are_listed_in_order() -> None:
    assert suggestion("xyz", ["tries", "seed"]) == "; known: seed, tries"


def test_where_no_name_is_near_the_suggestion_may_be_empty() -> None:
    assert closest_hint("trys", ["tries", "seed"]) == "; did you mean 'tries'?"
    assert (
        closest_hint("trys", ["tries", "seed"], cutoff=0.9)
        == closest_hint("xyz", ["tries", "seed"])
        == ""
    )


def test_user_errors_and_run_errors_are_different_types() -> None:
    assert issubclass(UserError, ValueError)
    assert issubclass(RunError, RuntimeError)


def test_every_name_of_the_public_api_can_be_imported() -> None:
    for name in docendo.__all__:
        assert getattr(docendo, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'learn'"):
        docendo.learn  # noqa: B018
