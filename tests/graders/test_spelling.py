"""The share of an answer's words that are in the dictionary."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.graders.spelling import SpellingGrader
from docendo.records import Problem

PROBLEM = Problem("d", "f", 1, "Where is Qaanaaq?", "north")


def test_the_spelling_score_is_the_share_of_known_words() -> None:
    pytest.importorskip("spellchecker")
    check = SpellingGrader("en")
    assert check(PROBLEM, "The house is small.") == (1.0, "every word is right")
    assert check(PROBLEM, "The huose is smal.") == (0.5, "unknown: huose, smal")
    assert check(PROBLEM, "Qaanaaq is north").score == 1, (
        "the question's own words are known"
    )
    assert check(PROBLEM, "It's").score == 1
    assert check(PROBLEM, "12 + 3 = !?") == (0.0, "no words")


def test_extra_words_are_known_to_the_spelling_grader(tmp_path: Path) -> None:
    pytest.importorskip("spellchecker")
    (tmp_path / "words.txt").write_text("docendo\ndiscimus\n")
    assert (
        SpellingGrader("en", extra_words=tmp_path / "words.txt")(
            PROBLEM, "docendo discimus"
        ).score
        == 1
    )
    assert SpellingGrader("en")(PROBLEM, "docendo discimus").score == 0
    assert SpellingGrader("de")(PROBLEM, "das Haus").score == 1
    with pytest.raises(UserError, match="no dictionary of 'eng'"):
        SpellingGrader("eng")
    with pytest.raises(UserError, match="cannot be read"):
        SpellingGrader("en", extra_words=tmp_path / "none")
