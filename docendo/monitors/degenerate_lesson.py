"""Detects lessons that teach nothing of their problem: empty, in a loop, or the same for all.

The problem's own worked solution, where there is one, is the measure: what is short or repeats
itself there may do so in a lesson.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from docendo.monitors.text import FILLERS, split_sentences, tokenize, without_final_answer
from docendo.records import Problem

__all__ = ["count_loops", "find_degeneration", "is_near_copy"]

_MAX_UNIT = 16
"""Tokens of the longest unit of a loop."""
_MIN_LOOP = 8
"""Tokens that a loop has in all."""
_MIN_TEXT = 4
"""Tokens below which texts and sentences are too short to compare."""

# Shares of neighbouring token pairs.
_REPEATED_QUESTION = 0.7
_SIMILAR = 0.5
_SAME = 0.75
_MARGIN = 0.25
"""How much more than in the worked solutions counts."""


def find_degeneration(text: str, problem: Problem) -> str:
    """Why a worked example says nothing of its own, in one line; empty where it does."""
    if _repeats_itself(text, problem):
        return "it repeats itself"

    # From here on the worked solution is the yardstick; without one anything may be right.
    written = _content_tokens(text)
    steps = _content_tokens(problem.solution)
    if not steps:
        return ""
    if not any(token.isalnum() for token in written):
        return "it is empty but for the answer"
    if any(map(_is_concrete, steps)) and not any(map(_is_concrete, written)):
        return "it speaks of nothing in its problem"

    question = tokenize(problem.prompt)
    in_question = _share_in_question(written, question)
    usual_share = _share_in_question(steps, question)
    if in_question >= _REPEATED_QUESTION > usual_share + _MARGIN:
        return "it says the question again"
    if _says_nothing_new(set(written), set(steps), problem):
        return "it says nothing that the question does not say"
    return ""


def _content_tokens(text: str) -> list[str]:
    tokens = tokenize(without_final_answer(text))
    return [token for token in tokens if token not in FILLERS]


def _repeats_itself(text: str, problem: Problem) -> bool:
    allowed = count_loops(problem.worked) | count_loops(problem.prompt)
    return bool(count_loops(text) - allowed)


def _says_nothing_new(written: set[str], steps: set[str], problem: Problem) -> bool:
    """Whether a text adds nothing to the question, where the worked solution does."""
    question = set(tokenize(problem.prompt))
    mentioned = question | set(tokenize(problem.answer))
    if not any(token.isalnum() for token in steps - mentioned):
        return False

    new = written - question
    has_substance = new & steps or any(map(_is_concrete, new - mentioned))
    return not has_substance


def _share_in_question(tokens: Sequence[str], question: Sequence[str]) -> float:
    """The share of a text's pairs of neighbours that are in the question."""
    pairs = Counter(pairwise(tokens))
    in_question = Counter(pairwise([t for t in question if t not in FILLERS]))
    return (pairs & in_question).total() / max(1, pairs.total())


def _is_concrete(token: str) -> bool:
    """Whether it is a number, a sign or a letter: what steps of procedural problems are about."""
    return len(token) == 1 or not token.isalpha()


def count_loops(text: str) -> Counter[tuple[str, ...]]:
    """How often the same tokens follow one another, or the same sentence occurs anywhere.

    A loop has eight tokens or more: a token five times, two or three of them four times, longer
    units three times. A sentence counts from three times on, its words in any order. Keys are
    the sorted tokens.
    """
    tokens = tokenize(text)
    loops = Counter[tuple[str, ...]]()
    for size in range(1, _MAX_UNIT + 1):
        for unit, times in _loops_of_size(size, tokens):
            loops[unit] = max(loops[unit], times)

    # Anywhere, since a loop may have other words in between.
    sentences = Counter[tuple[str, ...]]()
    for sentence in split_sentences(without_final_answer(text)):
        if len(sentence) >= _MIN_TEXT:
            sentences[tuple(sorted(sentence))] += 1
    for unit, times in sentences.items():
        if times > 2:
            loops[unit] = max(loops[unit], times)
    return loops


def _loops_of_size(size: int, tokens: Sequence[str]) -> list[tuple[tuple[str, ...], int]]:
    """(unit, times) of every place where the last `size` tokens have been repeated enough."""
    min_times = {1: 5, 2: 4, 3: 4}.get(size, 3)
    loops = []
    matching = 0
    for place in range(len(tokens) - size):
        matching = matching + 1 if tokens[place] == tokens[place + size] else 0
        times = 1 + matching // size
        if times >= min_times and times * size >= _MIN_LOOP:
            # Sorted below: the same loop begins at any of its tokens.
            unit = tokens[place + 1 : place + 1 + size]
            loops.append((tuple(sorted(unit)), times))
    return loops


def is_near_copy(later: tuple[str, Problem], earlier: tuple[str, Problem]) -> bool:
    """Whether a worked example nearly copies an earlier one on another problem for no reason.

    There is a reason where the problems' worked solutions are as similar, or where the later
    text speaks of what is special to its problem.
    """
    text, problem = later
    other_text, other_problem = earlier
    written = tokenize(without_final_answer(text))
    before = tokenize(without_final_answer(other_text))
    if problem.key == other_problem.key or min(len(written), len(before)) < _MIN_TEXT:
        return False

    solution = tokenize(without_final_answer(problem.solution))
    other_solution = tokenize(without_final_answer(other_problem.solution))
    has_solutions = bool(solution and other_solution)
    overlap = _overlap(written, before)
    usual_overlap = _overlap(solution, other_solution) if has_solutions else 0.0
    if overlap < _SIMILAR or overlap - usual_overlap < _MARGIN:
        return False
    if has_solutions and overlap >= _SAME:
        return True

    # Solutions of one kind may all be alike; then the lesson must speak of its own numbers.
    question = tokenize(problem.prompt)
    special = set(question) - set(tokenize(other_problem.prompt))
    spoken = _share_of(special, written)
    usual = _share_of(special, solution or question)
    return spoken < usual / 2


def _share_of(special: set[str], tokens: Sequence[str]) -> float:
    return len(special & set(tokens)) / len(special) if special else 1.0


def _overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """The share of two texts' pairs of neighbours that both have (Jaccard index, with counts)."""
    pairs = Counter(pairwise(first))
    other_pairs = Counter(pairwise(second))
    return (pairs & other_pairs).total() / max(1, (pairs | other_pairs).total())
