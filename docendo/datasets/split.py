"""The split of a problem, train or held-out, from its content alone."""

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

from docendo.datasets.choices import write_choices
from docendo.interfaces import Split
from docendo.records import Problem

__all__ = ["HELD_OUT_SHARE", "identify", "question_id", "split_of", "split_of_question"]

HELD_OUT_SHARE = 5
"""One problem in so many is held out."""

_ENDINGS = " .?:;。"


def split_of(problem: Problem) -> Split:
    """The split of a program's problem.

    It depends on the content alone, so no seed can leak one into the other.
    """
    return split_of_question(int(problem.key, 16))


def split_of_question(number: int) -> Split:
    """The split of a question by its `question_id`, however it is answered."""
    return "held-out" if number % HELD_OUT_SHARE == 0 else "train"


def question_id(question: str, choices: Iterable[str] = ()) -> int:
    """The same number, of 64 bits, for two spellings of a question, its choices in any order.

    Case, width of letters (NFKC), space and punctuation at the end make no difference.
    """
    text = "\x1f".join((_spell_plainly(question), *sorted(map(_spell_plainly, choices))))
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest)


def identify(problem: Problem) -> int:
    """The `question_id` of a problem's question."""
    question = problem.prompt.removesuffix(write_choices(problem.choices))
    return question_id(question, problem.choices)


def _spell_plainly(text: str) -> str:
    # plain ASCII, which most questions are, has no other form
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split()).rstrip(_ENDINGS)
