"""What a client is streamed is the answer alone, however the text is cut into pieces."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from docendo.serving.detokenizer import Detokenizer
from docendo.serving.thinking import ThinkingFilter
from docendo.thinking import ThinkingConfig

SIZES = st.lists(st.integers(1, 5), min_size=30, max_size=30)


def stream(
    text: str, sizes: Sequence[int], is_open: bool = False, shown: bool = False
) -> str:
    selected = ThinkingFilter(ThinkingConfig(shown=shown), is_open)
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    pieces.append(text)
    last = len(pieces) - 1
    return "".join(selected.push(piece, i == last) for i, piece in enumerate(pieces))


@given(SIZES)
def test_a_block_is_left_out_however_it_is_cut(sizes: list[int]) -> None:
    text = "<think>2 and 2</think>\n\nIt is <b>4</b>."
    assert stream(text, sizes) == "It is <b>4</b>."
    assert stream(text[7:], sizes, is_open=True) == "It is <b>4</b>."
    assert stream(text, sizes, shown=True) == text


@given(SIZES)
def test_what_only_begins_as_a_mark_is_shown_in_the_end(sizes: list[int]) -> None:
    assert stream("a <thin", sizes) == "a <thin"
    assert stream("a <think", sizes) == "a <think"
    assert stream("<think>a</thin", sizes) == ""


def test_a_stop_text_in_a_thought_stops_nothing() -> None:
    selected = ThinkingFilter(ThinkingConfig(), is_open=True)
    writer = Detokenizer(lambda tokens: bytes(tokens).decode(), ["\n"], selected.push)
    assert writer.push(b"so\nso</think>4\n5") == "4"
    assert writer.stopped
