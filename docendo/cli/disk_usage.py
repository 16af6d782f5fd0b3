"""How large a run's database will be: what an answer and a problem take, times their numbers."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean

from docendo.config.load import Config
from docendo.records import Completion, Problem, Rollout, Verdict
from docendo.store.database import pack
from docendo.store.rollout_json import to_json

__all__ = ["Solutions", "database_size"]

Solutions = Sequence[tuple[Problem, Completion]]
"""Problems with answers as long as those of agents that can solve them."""

# Fitted to databases of made-up runs of 20 and 60 rounds, of 1.5 to 6 MB.
_PAGES = 1.1
"""Pages are not full: so much larger is a database than what is in its rows."""
_PROBLEM_ROW = 150
"""Bytes of a problem's row and of its three indexes, beside its texts."""
_SMALL_ROW = 170
"""Bytes of one metric or booking of a round, with its index."""
_MOVE = 150
"""Bytes of one move of a game."""
_SMALL_ROWS, _SMALL_ROWS_OF_AGENT = 22, 17
_PASSED = 2 / 3
"""Share of the lessons that pass the gate."""
_DEMONSTRATIONS = 200
"""Kept by each agent of each family."""
_STATES = 3
"""The newest state, that of the older checkpoint, and the room that the one before left."""


def database_size(
    config: Config, solutions: Solutions, *, matches: int, moves: int, evaluations: int
) -> int:
    """Bytes of run.db with so many matches, moves of games and evaluated answers in it.

    The states of rounds are nearly all demonstrations: problems with an answer.
    """
    teaching = config.teaching
    answer = fmean(_answer_size(text, teaching.max_tokens) for _, text in solutions)
    problem = fmean(len(pack(asdict(problem))) for problem, _ in solutions)

    # every lesson is stored with the controls of its match, which the lessons share
    lessons = matches * max(teaching.lessons, teaching.candidates)
    answers_of_lesson = teaching.examples * (1 + teaching.correction)
    answers_of_lesson += teaching.control_attempts + 2 * teaching.growing_hints
    answers = lessons * (answers_of_lesson + _PASSED * teaching.attempts) + evaluations
    problems = matches + lessons * teaching.examples
    small_rows = _SMALL_ROWS + _SMALL_ROWS_OF_AGENT * len(config.learners)
    rows = answers * answer + problems * (problem + _PROBLEM_ROW)
    rows += teaching.rounds * small_rows * _SMALL_ROW + moves * _MOVE

    families = {(problem.domain, problem.family) for problem, _ in solutions}
    capacity = _DEMONSTRATIONS * len(families) * len(config.learners)
    demonstrations = min(capacity, lessons * teaching.examples)
    return round(_PAGES * rows + _STATES * demonstrations * (problem + answer))


def _answer_size(answer: Completion, max_tokens: int) -> float:
    """Bytes of what is left of an answer that ends after `max_tokens` tokens."""
    stored = pack(to_json([Rollout(answer, Verdict(1.0, "equal"))]))
    # as if all tokens were equally long
    return len(stored) * min(1.0, max_tokens / max(1, len(answer.tokens)))
