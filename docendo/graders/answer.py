"""What the final answer of a text is, whether it is the right one, and how graders become evaluators."""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from traceback import format_exception_only

from docendo.errors import RunError
from docendo.graders.notation import plain, powers_as_exponents, simple_fractions
from docendo.interfaces import Evaluator, Grader
from docendo.records import FAILED, Answer, Problem, Verdict

__all__ = [
    "exact",
    "final_answer",
    "has_answer_line",
    "is_marked",
    "lines_after_mark",
    "never_raises",
    "parallel",
    "per_answer",
    "strip_bold",
]

_MAX_BARE_ANSWER = 40
"""Characters of a text without a mark that is an answer itself."""
_MAX_NUMBER = 200
"""Characters of a number: Python refuses thousands of digits, and takes quadratic time for others."""
_MAX_SHOWN = 200
_MAX_LAST_LINE = 10_000
_MAX_LONGER = 1_000
"""Characters that an answer may have beyond four times those of the right one."""
_ANSWER_LINE = re.compile(r"\s*(?:\*\*)?answer(?:\*\*)?\s*:", re.IGNORECASE)
_LAST_LINE = re.compile(r"(?:^|\n)[ \t]*####(?!#)[ \t]*(\S[^\n]*)\s*$")
_BRACE = re.compile(r"\\[{}\\]|(\\f?boxed\s*)?\{|\}")
_SENTENCE = re.compile(
    r"\banswer\b[*_]*\s*(?:(?:is|was|should be|must be)\b[*_]*\s*:?|[:=])|^[ \t]*(?:#+|\*\*)[ \t]*"
    r"(?:the )?(?:final )?answer[*_]*[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# "B. Because" ends after B; "Dr. Who", "U.S. Army", "C. elegans" and "3.5" go on.
_SENTENCE_END = re.compile(r"(?<!\b[A-Z][a-z])(?<!\.[A-Z])[.!](?:[*_]*\s+(?=[A-Z]).*)?$")
_ONLY_MARKS = re.compile(r"\s*(?:\$\$|\\\[|```\w*|\*\*|:)?\s*")
_BOLD = re.compile(r"(?<!\S)\*\*(\S(?:.{0,200}?\S)?)\*\*(?!\w)")
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?:e[+-]?[0-9]{1,3})?%?"
)


def final_answer(text: str, like: str = "") -> str | None:
    """The one answer that `text` comes to; None where it has none, or an empty one.

    Marks say where it stands. Of these kinds the first that the text has counts, and of its marks
    the last; all else that the text says is no answer:

    1. a line that begins with ``Answer:``;
    2. ``####`` at the beginning of the last line;
    3. ``\\boxed{...}``, the innermost where they are nested;
    4. ``answer is`` or ``answer:`` within a line, up to the end of the sentence, or a heading
       such as ``**Final answer**``;
    5. no mark: all of a text that is one line of at most 40 characters.

    The answer is the rest of the mark's line, or where that is empty the next line with text, less
    bold type; a box in it is opened. Where `like`, the right answer, has more lines or is longer,
    so many lines are read, and up to twice so many characters of a text without a mark.
    """
    lines = lines_after_mark(text)
    if lines is None:
        return _find_unlined(text, like)
    return _join_lines(lines, like)


def is_marked(text: str) -> bool:
    """Whether a mark says where the final answer of `text` stands, of any kind."""
    return (
        has_answer_line(text)
        or _LAST_LINE.search(text[-_MAX_LAST_LINE:]) is not None
        or _find_box(text) is not None
        or _SENTENCE.search(text) is not None
    )


def has_answer_line(text: str) -> bool:
    """Whether a line of `text` starts with ``Answer:``."""
    return lines_after_mark(text) is not None


def exact(problem: Problem, text: str) -> Verdict:
    """1 where the final answer of `text` is `problem.answer`, else 0.

    Case, one trailing period, surrounding quotes, backticks and $, and all space but that between
    two digits are ignored, and so is the way in which characters are written
    (`docendo.graders.notation.plain`). Decimal numbers of up to 200 characters compare by value:
    ``85.0`` is ``85``, ``1,000`` and ``10^3`` are ``1000``, and a percent sign is a unit that may
    be left out: ``50%`` is ``50`` and not ``0.5``. Anything else is text: ``2/4`` is not ``1/2``,
    ``0.5`` is not ``1/2``, ``007`` is not ``7``.
    """
    answer = final_answer(text, problem.answer)
    if answer is None:
        return Verdict(0.0, "no answer")

    if len(answer) > _MAX_LONGER + 4 * len(problem.answer):
        return Verdict(0.0, "the answer is far longer than the right one")
    # Else a text without any sign would be right where a problem has no answer.
    normal = _normalize(answer)
    if normal != "" and normal == _normalize(problem.answer):
        return Verdict(1.0, "right")
    return Verdict(0.0, f"{answer[:_MAX_SHOWN]!r} is not the answer")


def never_raises(grader: Grader) -> Grader:
    """`grader` with ``Verdict(0.0, "grader failed: ...")`` where it would raise or score outside [0, 1].

    Only RunError goes through: it says that the run cannot go on, and is not about the text.
    """

    def grade(problem: Problem, text: str) -> Verdict:
        try:
            score, reason = grader(problem, text)
            if not 0 <= score <= 1:
                return Verdict(0.0, f"{FAILED}score {score!r} is not between 0 and 1")
            return Verdict(float(score), str(reason))
        except RunError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001
            message = format_exception_only(error)[-1].strip()[:200]
            return Verdict(0.0, f"{FAILED}{message}")

    return grade


def per_answer(grader: Grader) -> Evaluator:
    """The evaluator that grades one answer after the other; 0 where the grader fails."""
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        return [grade(answer.problem, answer.text) for answer in answers]

    return evaluate


def parallel(grader: Grader, workers: int | None = None) -> Evaluator:
    """Like `per_answer`, but `workers` answers at a time (None: one per core).

    For graders that wait for another process.
    """
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        problems = [answer.problem for answer in answers]
        texts = [answer.text for answer in answers]
        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            return list(pool.map(grade, problems, texts))

    return evaluate


def lines_after_mark(text: str) -> list[str] | None:
    """What follows the last ``Answer:`` that begins a line: the rest of its line, and all others."""
    # A text may come to another answer and then correct it: the last one counts.
    lines = text.splitlines()
    for row in reversed(range(len(lines))):
        if match := _ANSWER_LINE.match(lines[row]):
            return [lines[row][match.end() :], *lines[row + 1 :]]
    return None


def strip_bold(text: str) -> str:
    return text.strip().removeprefix("**").removesuffix("**").strip()


def _find_unlined(text: str, like: str) -> str | None:
    """The final answer of a text without a line ``Answer:``."""
    if match := _LAST_LINE.search(text[-_MAX_LAST_LINE:]):
        return _tidy(match[1]) or None
    if (box := _find_box(text)) is not None:
        return _tidy(box) or None

    marks = list(_SENTENCE.finditer(text))
    if marks:
        answer = _join_lines(text[marks[-1].end() :].splitlines(), like) or ""
        return _tidy(_SENTENCE_END.sub("", answer)) or None

    bare = text.strip()
    longest = max(_MAX_BARE_ANSWER, 2 * len(like))
    if len(bare) > longest or len(bare.splitlines()) > _count_lines(like):
        return None
    return bare or None


def _join_lines(lines: list[str], like: str) -> str | None:
    """The first line with text, or as many as `like` has."""
    texts = [line for line in lines if not _ONLY_MARKS.fullmatch(line)]
    return _tidy("\n".join(texts[: _count_lines(like)])) or None


def _count_lines(like: str) -> int:
    return max(1, len(like.strip().splitlines()))


def _tidy(text: str) -> str:
    """`text` without bold type; what its box holds, where it has one."""
    box = _find_box(text)
    answer = text if box is None else box
    # Of a page that is bold here and there, the search would take seconds.
    return strip_bold(_BOLD.sub(r"\1", answer) if len(answer) < _MAX_LAST_LINE else answer)


def _find_box(text: str) -> str | None:
    """What the last closed ``\\boxed{...}`` holds, the innermost where they are nested."""
    open_braces: list[tuple[int, bool]] = []
    start = end = -1
    for brace in _BRACE.finditer(text):
        if brace[0].endswith("{") and brace[0] != "\\{":
            open_braces.append((brace.end(), brace[1] is not None))
        elif brace[0] == "}" and open_braces:
            opened, is_box = open_braces.pop()
            # A box around the one that was found says the same.
            if is_box and opened > start:
                start, end = opened, brace.start()
    return None if start < 0 else text[start:end]


def _normalize(answer: str) -> str | Fraction:
    """A number for what reads as a decimal, else the text that is compared."""
    text = plain(answer)
    # An answer may be a sign: "." or "!".
    text = text.removesuffix(".").strip(" \"'`$") or text
    text = powers_as_exponents(simple_fractions(text)).casefold().strip()
    text = re.sub(r"(?<![0-9]) | (?![0-9])", "", text)
    # Fractions: 0.10 and 0.1 are one number, and no two decimals are made equal by rounding.
    if len(text) <= _MAX_NUMBER and _NUMBER.fullmatch(text):
        return Fraction(text.replace(",", "").removesuffix("%"))
    return text
