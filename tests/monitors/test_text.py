"""Texts as the detectors read them."""

from docendo.monitors.text import join_spelled_out, tokenize


def test_numbers_are_read_in_every_spelling() -> None:
    assert tokenize("Fifty-eight, one hundred and four; 1,000") == ("58", "104", "1000")
    assert tokenize("five eight") == ("5", "8")
    assert tokenize("two thousand three hundred forty one") == ("2341",)
    assert join_spelled_out("it is 5\n8, v i e n n a")[:2] == ["58", "vienna"]
