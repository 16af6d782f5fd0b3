"""Words that stand for procedures, worked by hand."""

from itertools import pairwise
from random import Random

import pytest

from docendo.datasets.eval_sets import draw_test_split
from docendo.graders.answer import final_answer
from docendo.problems.procedures import PROCEDURES, draft_procedure, procedure_source


@pytest.mark.parametrize(
    ("domain", "word", "text", "lines"),
    [
        ("letters", "tor", "abcj", ["rev jcba", "up adcb", "dbl adcbb"]),
        ("letters", "mib", "abj", ["kel hbj", "rot bjh"]),
        ("digits", "vun", "46", ["x2 92", "+8 100", "sort 001"]),
        ("digits", "dap", "105", ["+37 142", "rot 421"]),
        ("genes", "sel", "acgt", ["pair tgca", "rev acgt", "rna acgu"]),
        ("genes", "pok", "acgta", ["met amgta", "rev atgma"]),
        ("clock", "fam", "13:45", ["noon 01:45", "mir 22:15", "+20 22:35"]),
        ("clock", "jeb", "23:30", ["+47 00:17", "mir 23:43"]),
        ("letters", "gan", "abcj", ["swap jbca", "down iabj"]),
        ("letters", "zep", "abcd", ["lop ac", "dbl acc"]),
        ("digits", "hob", "46", ["x3 138", "cut 38"]),
        ("digits", "wug", "105", ["mid 150", "+6 156"]),
        ("genes", "bav", "acgt", ["rot cgta", "tail cgtaaa"]),
        ("genes", "rul", "aaccg", ["fus wyg", "cap gwyg"]),
        ("clock", "dit", "13:45", ["half 06:52", "+5 06:57"]),
        ("clock", "kos", "00:10", ["-18 23:52", "noon 11:52"]),
    ],
)
def test_the_worked_solution_of_each_word_has_one_line_per_step(
    domain: str, word: str, text: str, lines: list[str]
) -> None:
    spec = PROCEDURES[domain]
    draft = draft_procedure(word, spec.words[word], spec, text)
    answer = lines[-1].split()[1]
    assert draft.prompt == f"{word} {text}"
    assert draft.solution.splitlines() == [*lines, f"Answer: {answer}"]
    assert draft.answer == answer == final_answer(draft.solution)


@pytest.mark.parametrize("domain", PROCEDURES)
def test_half_of_the_words_of_a_domain_have_a_unique_step(
    domain: str,
) -> None:
    spec = PROCEDURES[domain]
    own = [
        any(step in spec.unique_steps for step in steps) for steps in spec.words.values()
    ]
    assert sorted(own) == [False, False, True, True]
    assert not spec.unique_steps.keys() & spec.steps.keys()
    assert not spec.words.keys() & (spec.unique_steps.keys() | spec.steps.keys())


@pytest.mark.parametrize("domain", PROCEDURES)
def test_spelled_problems_have_two_known_steps_in_a_new_order(
    domain: str,
) -> None:
    spec = PROCEDURES[domain]
    taught = {pair for steps in spec.words.values() for pair in pairwise(steps)}
    for problem in procedure_source(domain).draw("spelled", 3, 200, 7, "train"):
        *steps, _ = problem.prompt.split()
        assert len(steps) == 2
        assert set(steps) <= spec.steps.keys()
        assert tuple(steps) not in taught
        assert [line.split()[0] for line in problem.solution.splitlines()] == [
            *steps,
            "Answer:",
        ]


@pytest.mark.parametrize("domain", PROCEDURES)
def test_every_step_can_follow_every_other_step(domain: str) -> None:
    spec = PROCEDURES[domain]
    known = list({**spec.steps, **spec.unique_steps})
    rng = Random(3)
    for _ in range(500):
        steps = [rng.choice(known) for _ in range(3)]
        assert (
            draft_procedure("x", steps, spec, spec.make_text(rng, rng.randint(1, 5))).answer
            is not None
        )


@pytest.mark.parametrize("domain", PROCEDURES)
def test_there_are_enough_held_out_problems_for_a_study(domain: str) -> None:
    source = procedure_source(domain)
    found = draw_test_split(source, [(word, 3) for word in PROCEDURES[domain].words], 96, 1)
    assert len({p.key for p in found}) == 96
