"""Lessons that teach nothing of their problem: empty, in a loop, or the same for every problem.

The worked solution that the problem came with, where there is one, is the measure: what is short or repeats itself
there may be so in a lesson.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from docendo.monitors.text import FILLERS, split_sentences, tokenize, without_final_answer
from docendo.records import Problem

__all__ = ["count_loops", "find_degeneration", "is_near_copy"]

_LONGEST_UNIT = 16
_LEAST_LOOP = 8
"""Tokens that a loop has altogether."""
_LEAST_BODY = 4
_AGAIN = 0.7
"""Share of a text's neighbouring tokens that the question has."""
_SIMILAR, _SAME, _BEYOND = 0.5, 0.75, 0.25
"""Shares of neighbouring tokens that two texts have in common; how much more than their problems' worked solutions."""


def find_degeneration(text: str, problem: Problem) -> str:
    """Why a worked example says nothing of its own, one line; empty where it does."""
    there = [count_loops(reference) for reference in (problem.worked, problem.prompt)]
    if any(
        times > max(known[unit] for known in there)
        for unit, times in count_loops(text).items()
    ):
        return "it repeats itself"
    written, steps = (
        [t for t in tokenize(without_final_answer(x)) if t not in FILLERS]
        for x in (text, problem.solution)
    )
    if not steps:
        return ""
    if not any(t.isalnum() for t in written):
        return "it is empty but for the answer"
    if any(map(_concrete, steps)) and not any(map(_concrete, written)):
        return "it speaks of nothing in its problem"
    asked = tokenize(problem.prompt)
    if _told(written, asked) >= _AGAIN > _told(steps, asked) + _BEYOND:
        return "it says the question again"
    new, known = set(written) - set(asked), {*asked, *tokenize(problem.answer)}
    usual = any(t.isalnum() for t in set(steps) - known)
    substance = new & set(steps) or any(map(_concrete, new - known))
    return (
        "it says nothing that the question does not say" if usual and not substance else ""
    )


def _told(written: Sequence[str], asked: Sequence[str]) -> float:
    """Share of a text's pairs of neighbours that are in the question."""
    a, b = (
        Counter(pairwise(written)),
        Counter(pairwise([t for t in asked if t not in FILLERS])),
    )
    return (a & b).total() / max(1, a.total())


def _concrete(token: str) -> bool:
    """Whether it is a number, a sign or a letter: what the steps of procedural problems are about."""
    return len(token) == 1 or not token.isalpha()


def count_loops(text: str) -> Counter[tuple[str, ...]]:
    """How many times the same tokens stand one after another, or the same sentence anywhere, its words in any order.

    A loop has eight tokens or more: a token five times, two or three of them four times, longer ones three times. Its
    key is its tokens, sorted.
    """
    read = tokenize(text)
    found = Counter[tuple[str, ...]]()
    for unit in range(1, _LONGEST_UNIT + 1):
        least = 5 if unit == 1 else 4 if unit < 4 else 3
        count = 0
        for at in range(len(read) - unit):
            count = count + 1 if read[at] == read[at + unit] else 0
            times = 1 + count // unit
            if times >= least and times * unit >= _LEAST_LOOP:
                key = tuple(sorted(read[at + 1 : at + 1 + unit]))
                found[key] = max(found[key], times)
    counted = Counter(
        tuple(sorted(s))
        for s in split_sentences(without_final_answer(text))
        if len(s) >= _LEAST_BODY
    )
    return found | Counter(
        {sentence: times for sentence, times in counted.items() if times > 2}
    )


def is_near_copy(later: tuple[str, Problem], earlier: tuple[str, Problem]) -> bool:
    """Whether a worked example is nearly the text of an earlier one on another problem, and not for a reason.

    There is a reason where the problems' own worked solutions are as much alike, or where the later text speaks of
    what tells its problem from the other.
    """
    (text, problem), (other, base) = later, earlier
    written, before = (
        tokenize(without_final_answer(text)),
        tokenize(without_final_answer(other)),
    )
    if problem.key == base.key or min(len(written), len(before)) < _LEAST_BODY:
        return False
    references = (
        tokenize(without_final_answer(problem.solution)),
        tokenize(without_final_answer(base.solution)),
    )
    overlap, expected = (
        _overlap(written, before),
        _overlap(*references) if all(references) else 0.0,
    )
    if overlap < _SIMILAR or overlap - expected < _BEYOND:
        return False
    telling = set(tokenize(problem.prompt)) - set(tokenize(base.prompt))
    spoken, usual = (
        _share(telling, words)
        for words in (written, references[0] or tokenize(problem.prompt))
    )
    return (all(references) and overlap >= _SAME) or spoken < usual / 2


def _share(telling: set[str], words: Sequence[str]) -> float:
    return len(telling & set(words)) / len(telling) if telling else 1.0


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """What two texts share of their pairs of neighbours, of all that are in either, each as often as it is there."""
    a, b = Counter(pairwise(one)), Counter(pairwise(other))
    return (a & b).total() / max(1, (a | b).total())
