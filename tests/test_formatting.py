"""Numbers and texts as people read them."""

from docendo.formatting import compact, duration, signed, visible


def test_numbers_are_rounded_for_reading() -> None:
    assert [compact(n) for n in (0, 999, 1000, 1_234_567, 2.5e15)] == [
        "0",
        "999",
        "1k",
        "1.23M",
        "2.5P",
    ]
    assert compact(3e12, "FLOP") == "3 TFLOP"
    assert compact(999_999) == "1M"
    assert [signed(n) for n in (0.123, -0.05, -0.001, 0.0)] == [
        "+0.12",
        "\N{MINUS SIGN}0.05",
        "+0.00",
        "+0.00",
    ]
    assert [duration(s) for s in (12.4, 190, 7500)] == ["12 s", "3 min 10 s", "2 h 05 min"]
    assert visible("a\x1b\x7f\n\tb\r\nc\r") == "a␛␡\n\tb\nc␍"
