"""What was shown is never taken back, and all together it is the whole text."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from docendo.serving.detokenizer import Detokenizer


def decode(tokens: Sequence[int]) -> str:
    """Tokens are bytes."""
    return bytes(tokens).decode("utf-8", "replace")


def sentencepiece(tokens: Sequence[int]) -> str:
    """Every token is a word with a space before it, which is lost at the start of a text."""
    return " ".join(f"w{t}" for t in tokens)


def shown(text: bytes, stop: Sequence[str] = ()) -> tuple[list[str], Detokenizer]:
    writer = Detokenizer(decode, stop)
    return [writer.push([b], i == len(text) - 1) for i, b in enumerate(text)], writer


def test_an_incomplete_character_waits_for_its_rest() -> None:
    assert shown("aé€".encode())[0] == ["a", "", "é", "", "", "€"]


def test_an_incomplete_character_at_the_end_is_shown_as_replacement_character() -> None:
    assert shown("aé".encode()[:-1])[0] == ["a", "\ufffd"]


def test_invalid_bytes_do_not_hold_back_the_following_text() -> None:
    pieces, _ = shown(b"\xff" * 9 + b"a")
    assert "".join(pieces) == "\ufffd" * 9 + "a"
    assert pieces[3] == "\ufffd" * 4


def test_neither_a_stop_text_nor_what_follows_it_is_streamed() -> None:
    pieces, writer = shown(b"one\nQ: two", ["\nQ:", "zzz"])
    assert pieces == ["o", "n", "e", "", "", "", "", "", "", ""]
    assert writer.stopped
    assert len(writer.tokens) == 6


def test_a_false_start_of_a_stop_text_is_shown_once_it_is_ruled_out() -> None:
    pieces, writer = shown(b"a\nQx\nQ", ["\nQ:"])
    assert pieces == ["a", "", "", "\nQx", "", "\nQ"]
    assert not writer.stopped


def test_of_two_stop_texts_the_first_to_be_complete_counts() -> None:
    assert Detokenizer(decode, ["b", "ab"]).push(list(b"xabx"), finished=True) == "x"
    assert Detokenizer(decode, ["b", "abc"]).push(list(b"xabc"), finished=True) == "xa"


def test_spaces_between_words_are_kept() -> None:
    writer = Detokenizer(sentencepiece)
    assert [writer.push([i]) for i in range(3)] == ["w0", " w1", " w2"]


@given(st.text(max_size=30), st.lists(st.integers(1, 4), min_size=1))
def test_the_streamed_pieces_add_up_to_the_text(text: str, sizes: list[int]) -> None:
    raw, writer, pieces, at = text.encode(), Detokenizer(decode), [], 0
    while at < len(raw):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(writer.push(list(raw[at : at + size]), at + size >= len(raw)))
        at += size
    assert "".join(pieces) == text


@given(
    st.text("ab", max_size=20),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_a_stop_text_cuts_the_stream_where_it_cuts_the_whole_text(
    text: str, stop: list[str]
) -> None:
    pieces, _ = shown(text.encode(), stop)
    ends = [(at + len(s), at) for s in stop if (at := text.find(s)) >= 0]
    assert "".join(pieces) == (text[: min(ends)[1]] if ends else text)
    assert Detokenizer(decode, stop).push(list(text.encode()), finished=True) == "".join(
        pieces
    )
