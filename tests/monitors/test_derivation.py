from docendo.monitors.derivation import derivable_tokens, numbers_in, one_step_results
from docendo.monitors.text import split_sentences, tokenize


def test_a_number_is_explained_if_one_step_gives_it_from_explained_numbers() -> None:
    explained = derivable_tokens(
        split_sentences("25 and 9 are 34\n7 + 9 = 16\n80 and 90"),
        tokenize("What is 25 + 9 + 9?"),
    )
    assert {"25", "9", "34", "20", "5", "16"} <= explained
    assert not {"80", "90", "7"} & explained


def test_the_sum_of_all_earlier_numbers_is_explained() -> None:
    explained = derivable_tokens([("11", "22", "44", "77")], ["11", "22", "44"])
    assert "77" in explained


def test_one_step_is_a_sum_difference_product_or_exact_quotient() -> None:
    assert one_step_results(12, 4) == {16, 8, 48, 3}
    assert one_step_results(5, 0) == {5, 0}
    assert one_step_results(5, 2) == {7, 3, 10}


def test_only_the_first_sixteen_whole_numbers_of_a_sentence_are_compared() -> None:
    assert numbers_in(["a", "1", "2.5", "3"]) == ["1", "3"]
    assert len(numbers_in([str(n) for n in range(40)])) == 16
