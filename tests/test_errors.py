"""Errors that are a person's to fix, and the names they suggest."""

from docendo.errors import RunError, UserError, closest_hint, suggestion


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
