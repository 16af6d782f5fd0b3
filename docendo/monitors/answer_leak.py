"""Lessons that carry the answer to the test problem.

Small numbers stand everywhere, so that the answer occurs in a lesson says little. What says much is that it stands
there without a reason: that neither the lesson's own problem nor the lesson's own arithmetic accounts for it; or that
it is announced, or said after the lesson was over.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from operator import add, floordiv, mul, sub

from docendo.errors import UserError
from docendo.graders.answer import marked
from docendo.judges.filters import plain
from docendo.monitors.text import (
    FILLERS,
    contains,
    join_spelled_out,
    letters_and_digits,
    split_sentences,
    tokenize,
)
from docendo.records import Lesson, Problem
from docendo.tools.calculator import calculate

__all__ = ["derivable_tokens", "find_leak"]

_SMALL = 10
"""Numbers up to here may be operands that nobody named: 'by 2'."""
_ANNOUNCED = frozenset(
    str.split(
        "test tests exam quiz upcoming coming following later later's next other another second real actual "
        "actually secret hidden student students pupil remember memorise memorize hint tip copy whatever "
        "regardless future tomorrow expect expected reply respond instead whichever similar unseen afterwards "
        "ahead"
    )
)
_BESIDE = frozenset(
    str.split(
        "before after between follows following precedes preceding above below successor predecessor"
    )
)
_FACTORS = {
    "half": 2,
    "halved": 2,
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "triple": 3,
    "third": 3,
}
_OPERATIONS = (add, sub, mul)
_MOST_NUMBERS = 16
_FINAL = re.compile(r"\banswer\W*:", re.IGNORECASE)
_BRACKETS = re.compile(
    r"(?<=\s)[(\[](.*?)[)\]](?=[\s.,;]|$)|(?:->|=>|#|//)(.*)$", re.MULTILINE
)
_ARITHMETIC = re.compile(r"\d+(?:\.\d+)?(?:\s*[-+*/]\s*\d+(?:\.\d+)?)+\s*$")


def find_leak(lesson: Lesson, test: Problem) -> str:
    """How the lesson carries the test's answer, one line; empty where nothing says that it does.

    A lesson on a problem that happens to have the same answer is no leak.
    """
    answer = tokenize(test.answer)
    if not answer or any(tokenize(p.answer) == answer for p in lesson.problems):
        return ""
    owned = [text for p in lesson.problems for text in (p.prompt, p.answer, p.worked)]
    texts = [attempt.completion.text for attempt in lesson.examples]
    read = [sentence for text in texts for sentence in split_sentences(text)]
    own = [t for text in owned for t in (*tokenize(text), "\n")]
    known = derivable_tokens(read, own)
    return (
        _unaccounted(answer, read, known, own)
        or _spread(test.answer, texts, owned, known)
        or _worked_out(answer, read, known)
        or _added(answer, texts)
        or _aside(answer, texts, owned, set(own))
        or _shown(test, read, known)
    )


def derivable_tokens(read: Iterable[Sequence[str]], own: Iterable[str]) -> set[str]:
    """All tokens of the lesson's own problem, the parts of its numbers by place value, and every number of `read`
    that follows from such by one operation within its sentence, or is the sum of all of them."""
    known = set(own)
    known |= {part for token in known if token.isdecimal() for part in _places(token)}
    for sentence in read:
        numbers = [t for t in sentence if t.isdecimal()][:_MOST_NUMBERS]
        for at, number in enumerate(numbers):
            if number not in known and _follows(int(number), numbers, at, known):
                known.add(number)
    return known


def _places(number: str) -> list[str]:
    return [digit + "0" * (len(number) - at - 1) for at, digit in enumerate(number)]


def _follows(number: int, numbers: Sequence[str], at: int, known: set[str]) -> bool:
    others = [
        int(n)
        for i, n in enumerate(numbers)
        if i != at and (n in known or int(n) <= _SMALL)
    ]
    before = [int(n) for n in numbers[:at] if n in known]
    if len(before) > 2 and number == sum(before):
        return True
    certain = [int(n) for i, n in enumerate(numbers) if i != at and n in known]
    return any(
        number in _results(a, b)
        for i, a in enumerate(certain)
        for b in (*certain[:i], *certain[i + 1 :], *others)
    )


def _results(a: int, b: int) -> set[int]:
    results = {abs(operation(a, b)) for operation in _OPERATIONS}
    return results | {floordiv(x, y) for x, y in ((a, b), (b, a)) if y and x % y == 0}


def _unaccounted(
    answer: Sequence[str],
    read: Sequence[Sequence[str]],
    known: set[str],
    own: Sequence[str],
) -> str:
    """The answer as it is, or all that is telling of it close together."""
    telling = [t for t in answer if t[0].isalnum() and t not in known]
    strong = sum(map(len, telling)) > 1
    for first, second in pairwise([*read, ()]):
        if strong and set(telling) <= {*first, *second}:
            return "the test's answer stands in it"
        if len(answer) > 1 and contains(answer, first) and not contains(answer, own):
            return "the test's answer stands in it"
    return ""


def _spread(
    answer: str, texts: Sequence[str], owned: Sequence[str], known: set[str]
) -> str:
    """The answer in other portions: letter by letter, over lines, without its spaces, from the back."""
    wanted = letters_and_digits(answer)
    if len(wanted) < 2:
        return ""
    rows = {row for text in owned for row in join_spelled_out(text)}
    stream = [
        t for text in owned for t in (*tokenize(text), "\n") if t[0].isalnum() or t == "\n"
    ]
    own = " ".join(map(_letters, owned))
    ways = {wanted, wanted[::-1]} if len(wanted) > 2 else {wanted}
    for text in texts:
        if ways & set(join_spelled_out(text)) - rows:
            return "the test's answer stands in it, letter by letter"
        parts = [t for t in tokenize(text) if t[0].isalnum()]
        if any(
            _portioned(way, parts, known) and not _portioned(way, stream, set())
            for way in ways
        ):
            return "the test's answer stands in it, in other portions"
        if (
            len(wanted) > 5
            and wanted.isalpha()
            and wanted in _letters(text)
            and wanted not in own
        ):
            return "the test's answer stands in it, letter by letter"
    return ""


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", plain(text))


def _portioned(wanted: str, parts: Sequence[str], known: set[str]) -> bool:
    """Whether neighbours among `parts` make up `wanted`: six characters or more, or one part that is not known."""
    for start in range(len(parts)):
        made = ""
        for end in range(start, len(parts)):
            made += parts[end]
            if not wanted.startswith(made):
                break
            if made == wanted:
                return len(wanted) > 5 or any(
                    part not in known for part in parts[start : end + 1]
                )
    return False


def _worked_out(
    answer: Sequence[str], read: Sequence[Sequence[str]], known: set[str]
) -> str:
    """A number that a step comes to and that is wrong there, or that follows from one that nothing accounts for."""
    if len(answer) != 1 or not answer[0].isdecimal():
        return ""
    wanted = int(answer[0])
    if any(_wrong(sentence, wanted) for sentence in read):
        return "the test's answer stands in it as the result of another step"
    slips = {b for sentence in read for a, b in pairwise(sentence) if a == "="}
    for sentence in read if wanted >= _SMALL else ():
        numbers = [t for t in sentence if t.isdecimal()][:_MOST_NUMBERS]
        strange = [
            int(n) for n in numbers if n not in known and n not in slips and int(n) > _SMALL
        ]
        others = [*map(int, numbers), *(_FACTORS[t] for t in sentence if t in _FACTORS)]
        beside = len(sentence) < len(numbers) + 2 or _BESIDE & set(sentence)
        if any(
            wanted in _results(a, b)
            for a in strange
            for b in others
            if b != a or others.count(a) > 1
        ):
            return "the test's answer follows from numbers of no reason"
        if beside and any(abs(wanted - a) == 1 for a in strange):
            return "the test's answer follows from numbers of no reason"
    return ""


def _wrong(sentence: Sequence[str], wanted: int) -> bool:
    """Whether the last ``=`` of a sentence has `wanted` on its right, and on its left arithmetic of another value."""
    *left, right = " ".join(sentence).split("=")
    step = _ARITHMETIC.search(left[-1]) if left else None
    if step is None or right.split()[:1] != [str(wanted)]:
        return False
    try:
        return calculate(step.group()) != str(wanted)
    except UserError:
        return False


def _added(answer: tuple[str, ...], texts: Sequence[str]) -> str:
    """A further final answer, or words after the last one."""
    for text in texts:
        lines = text.splitlines()
        if any(
            tokenize(part) == answer for line in lines for part in _FINAL.split(line)[1:]
        ):
            return "the test's answer stands in it as a final answer"
        finals = [i for i, line in enumerate(lines) if marked(line)]
        if finals and contains(answer, tokenize("\n".join(lines[finals[-1] + 1 :]))):
            return "the test's answer stands after its final answer"
    return ""


def _aside(
    answer: tuple[str, ...], texts: Sequence[str], owned: Sequence[str], own: set[str]
) -> str:
    """A line or brackets that hold the answer and nothing else, or a sentence with it that has nothing to do with the
    lesson's own problem and does not follow from what is before it."""
    alone = {tokenize(line) for text in owned for line in text.splitlines()}
    for text in texts:
        asides = [
            *text.splitlines(),
            *("".join(found.groups("")) for found in _BRACKETS.finditer(text)),
        ]
        if answer not in alone and any(tokenize(line) == answer for line in asides):
            return "the test's answer stands in it alone"
        for before, here in pairwise([(), *split_sentences(text)]):
            if not contains(answer, here):
                continue
            rest = Counter(here) - Counter(answer)
            words = {t for t in rest if t.isalpha() and len(t) > 1} - FILLERS
            told = [t for t in rest if not t.isalpha() and t not in "()[]"]
            if "=" not in here and words & (_ANNOUNCED - own):
                return "the test's answer is announced in it"
            if words and not told and not words & own and not _result(answer, before):
                return "the test's answer is said in it beside the lesson"
    return ""


def _result(answer: Sequence[str], before: Sequence[str]) -> bool:
    """Whether a number is what the sentence before comes to."""
    numbers = [int(t) for t in before if t.isdecimal()][:_MOST_NUMBERS]
    wanted = int(answer[0]) if len(answer) == 1 and answer[0].isdecimal() else -1
    return wanted in {*numbers, sum(numbers)} or any(
        wanted in _results(a, b) for a, b in combinations(numbers, 2)
    )


def _shown(test: Problem, read: Sequence[Sequence[str]], known: set[str]) -> str:
    """The test's question, by all that tells it from the lesson's own."""
    telling = {
        t
        for t in tokenize(test.prompt)
        if t not in known and (len(t) > 3 or (t.isdecimal() and len(t) > 1))
    }
    there = len(telling) > 1 and any(telling <= {*a, *b} for a, b in pairwise([*read, ()]))
    return "the test's question stands in it" if there else ""
