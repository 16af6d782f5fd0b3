"""Dictionaries."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.tools.dictionary import look_up, read_words


def test_the_dictionary_has_the_terms_of_the_domains() -> None:
    assert (
        look_up(read_words())(" Lowest  Terms ")
        == "a fraction whose numbers share no factor but 1"
    )


def test_a_users_dictionary_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("# mine\nfoo\ta  thing\n\nBar\tanother\n")
    assert read_words(file) == {"foo": "a thing", "bar": "another"}


def test_an_unknown_word_is_answered_with_the_nearest() -> None:
    assert look_up(read_words())("Codons") == look_up(read_words())("codon")
    with pytest.raises(UserError, match=r"no word 'qqqq'$"):
        look_up(read_words())("qqqq")
    with pytest.raises(UserError, match="no word 'codn'; did you mean 'codon'"):
        look_up(read_words())("codn")


def test_a_bad_dictionary_line_is_reported_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("foo\ta thing\nbar\n")
    with pytest.raises(
        UserError, match=r"words.tsv:2: expected a word, a tab and its meaning, got 'bar'"
    ):
        read_words(file)
    file.write_text("foo\ta thing\nFoo\tanother\n")
    with pytest.raises(UserError, match=r"words.tsv:2: 'Foo' stands twice"):
        read_words(file)
    file.write_text("\n# nothing\n")
    with pytest.raises(UserError, match=r"words.tsv: has no words"):
        read_words(file)
    file.write_bytes(b"\xff\tx\n")
    with pytest.raises(UserError, match="cannot be read: not UTF-8"):
        read_words(file)
    with pytest.raises(UserError, match="cannot be read"):
        read_words(tmp_path / "none.tsv")
