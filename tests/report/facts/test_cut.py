"""Cut completions are told by purpose, with the setting that limits them."""

from docendo.report.facts.cut import cut_hints


def test_a_high_share_names_the_setting_to_raise() -> None:
    metrics = {"cut/attempt": 0.45, "cut/lesson": 0.2, "cut/duel": 1.0, "gain": 0.9}
    assert cut_hints(metrics) == [
        "attempt cut off 45% (raise teaching.max_tokens)",
        "duel cut off 100% (raise duels.max_tokens)",
    ]


def test_a_judges_few_tokens_are_no_fault() -> None:
    assert cut_hints({"cut/judging": 1.0}) == []
