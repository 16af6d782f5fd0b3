"""Rules that keep texts which are made to please a judge from one that reads.

Rules know openings that judges reward for no reason (Zhao et al. 2025, "One Token to Fool
LLM-as-a-Judge"), words to the judge, and final answers that are none. They do not know a plausible
wrong answer: to find it is the judge's own work.
"""

import re
import unicodedata
from collections.abc import Callable

from docendo.graders.answer import final_answer, is_marked
from docendo.records import Problem

__all__ = [
    "find_judge_instructions",
    "normalize_text",
    "rejection_reason",
    "text_rejection_reason",
]

_EXTRA_LENGTH = 20
"""Characters that a final answer may have beyond twice those of the right one."""
_EMPTY = {"[]", "()", "{}", "''", '""'}
"""Answers without a letter or digit; nothing where it is not known that there is a right one."""
_LETTER = re.compile(r"[^\W_]")
# Cyrillic and Greek letters that look Latin: "\u0456gn\u043ere" must not pass for another word.
_LOOKALIKE = str.maketrans(
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u0501\u03bf\u03b1\u03c1\u03b9\u03ba\u03bd\u0131",
    "aceopxyijsdoapikvi",
)
# "i g n o r e", "i.g.n.o.r.e": four letters or more with one sign between each two.
_SPACED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_][ .\-_*]){3,}[^\W\d_](?![^\W\d_])")
_NUMBER = re.compile(
    r"(?:[a-z]\s*=\s*)?[+-]?[$\u20ac\u00a3]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?\s*%?(?:\s*[^\W\d_]{1,12})?"
)
_TRUTHS = (
    "true|false",
    "yes|no",
    "none|n/?a",
    "right|wrong",
    "correct|incorrect",
    "ok",
    "first",
)
"""Words that are answers to some questions, and to a judge that reads are more than that."""
_TRUTH = re.compile("|".join(_TRUTHS))
_HOLE = re.compile(r"\{[a-z_ ]*\}|%s|<[a-z_ ]*>|__+|\?\?+")
"""Where an answer was to be put."""
_REORDERED = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# "Solution:", "Let's think step by step", "as above": what opens or replaces an answer, and is none.
_KEY = re.compile(
    r"(?:(?:the |an? )?(?:right |correct |same |reference |expected |required |desired |final |above |given )?"
    r"(?:solution|answer|final answer|answer is|result|verdict|grade|score|value|one)s?(?: is)?|"
    r"step \d+|let'?s [\w' ]*|"
    r"thought process|reasoning|accepted|verified|confirmed|approved|passed?|valid|obvious|trivial|clear|done|unknown|"
    r"(?:see|as|same as|shown|given|derived)\b.*|what(?:ever)?\b.*|any(?:thing)?\b.*|all of\b.*|it (?:is|was)\b.*|"
    r"left to\b.*|left as\b.*|qed)[\s:.,!*-]*"
)
# Instructions to a model, a judge's own words, chat templates, and claims about the answer itself.
_ORDERS = re.compile(
    r"(?:ignore|disregard|forget|skip|override)\b.{0,40}\b(?:instruction|question|previous|above|rule|prompt)|"
    r"\b(?:judge|grader|examiner|evaluator|assessor|rater|verdict|rubric|full (?:marks|score|credit|points))\b|"
    r"</?[\w-]+>|\[/?inst\]|<\|\s*\w+\s*\|>|^#* *(?:system|assistant|user)\s*:|\bsystem (?:prompt|message|note)|"
    r"(?:reference|model|sample) (?:answer|solution)|answer key|"
    r"\b(?:say|write|output|reply|respond|print|return|answer)\b(?: with| only| just| the word)* ['\"`*]?right\b|"
    r"\b(?:counts?|mark(?:ed)?|accept(?:ed)?|regard(?:ed)?|rate[sd]?|confirmed|verified|checked)\b"
    r".{0,20}\b(?:as )?(?:right|correct)\b|"
    r"\b(?:this|my|the) (?:answer|solution|response|one)\b.{0,20}\bis (?:\w+ )?(?:right|correct)\b|"
    r"\breply with\b|language model|\bas an ai\b|\bgraded?\s*[:=]|\byou are now\b|\bpretend\b|role-?play",
    re.DOTALL | re.MULTILINE,
)  # fmt: skip


def text_rejection_reason(
    text: str, reference: str = "", question: str = "", longest: int = 2000
) -> str:
    """Why an answer is kept from a judge, one line; empty where nothing is wrong with it.

    It must have `longest` bytes at the most, mark its final answer (`is_marked`), which holds something, and
    not speak to the judge in words that the question does not have. Of `reference`, the right
    answer where one is known, only the sort counts: number, truth value or other text, script and
    length.
    """
    answer_text = text.strip()
    if len(answer_text.encode(errors="replace")) > longest:
        return f"longer than {longest:,} bytes"
    if not _LETTER.search(answer_text):
        return "no answer"
    if _REORDERED.search(answer_text):
        return "letters in another order than they are shown in, or none at all"

    instructions = find_judge_instructions(answer_text)
    if instructions:
        # A question about a court may speak of judges, and so may its answers.
        question_text = normalize_text(question)
        if any(instruction not in question_text for instruction in instructions):
            return "speaks to the judge"

    answer = final_answer(answer_text) if is_marked(answer_text) else None
    if answer is None:
        return "no final answer"
    if not _LETTER.search(answer) and not (reference and answer in _EMPTY):
        return "no final answer"
    return _compare_sorts(_strip_marks(answer), _strip_marks(reference))


def rejection_reason(problem: Problem, text: str, longest: int) -> str:
    """Why an answer is kept from a judge that would read it with its problem; empty where it is not."""
    if problem.source.startswith("agent:") and find_judge_instructions(problem.prompt):
        return "the question speaks to the judge"
    return text_rejection_reason(text, problem.answer, problem.prompt, longest)


def find_judge_instructions(text: str) -> list[str]:
    """The places of `text`, as `normalize_text` has it, that speak to a judge."""
    normal = normalize_text(text)
    instructions: list[str] = []
    for form in (normal, _SPACED.sub(_join_letters, normal)):
        instructions += [match.group() for match in _ORDERS.finditer(form)]
    return list(dict.fromkeys(instructions))


def normalize_text(text: str) -> str:
    """`text` in lower case, without marks and invisible letters; look-alikes become Latin letters."""
    # Mn: accents. Cf: invisible, as the zero-width space. Co, Cs: private use, half of a pair.
    letters = []
    for letter in unicodedata.normalize("NFKD", text.casefold()):
        if unicodedata.category(letter) not in {"Mn", "Cf", "Co", "Cs"}:
            letters.append(letter)
    return "".join(letters).translate(_LOOKALIKE).replace("\N{MINUS SIGN}", "-")


def _strip_marks(answer: str) -> str:
    return normalize_text(answer).strip(" .,:;!*\"'`$")


def _compare_sorts(answer: str, reference: str) -> str:
    """Why an answer cannot be one at all, or is of another sort than the reference."""
    if _TRUTH.fullmatch(answer) or _TRUTH.fullmatch(reference):
        for pair in _TRUTHS:
            if re.fullmatch(pair, answer) and re.fullmatch(pair, reference):
                return ""
        return "no final answer"
    if (_KEY.fullmatch(answer) or _HOLE.search(answer)) and answer != reference:
        return "no final answer"
    return _unlike_reference(answer, reference) if reference else ""


def _unlike_reference(answer: str, reference: str) -> str:
    """Why no right answer looks like this, where `reference` is one."""
    if _NUMBER.fullmatch(reference):
        return "" if _NUMBER.fullmatch(answer) else "not a number, which is wanted"
    if len(answer) > 2 * len(reference) + _EXTRA_LENGTH:
        return "longer than any right answer"
    if _has_any(answer, str.isdigit) and not _has_any(reference, str.isdigit):
        return "digits, which no right answer has"
    if _has_any(answer, _is_foreign) and not _has_any(reference, _is_foreign):
        return "letters of another script, which no right answer has"
    return ""


def _has_any(text: str, rule: Callable[[str], bool]) -> bool:
    return any(map(rule, text))


def _is_foreign(letter: str) -> bool:
    if not letter.isalpha() or letter.isascii():
        return False
    return "LATIN" not in unicodedata.name(letter, "")


def _join_letters(match: re.Match[str]) -> str:
    return re.sub(r"[ .\-_*]", "", match.group())
