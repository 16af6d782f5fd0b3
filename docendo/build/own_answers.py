"""Rows whose own answer their domain's evaluator does not accept: nobody could be right about them."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from logging import getLogger
from pathlib import Path

from docendo.build.evaluators import build_evaluator
from docendo.cache import cache_folder
from docendo.config.load import Config
from docendo.graders.audit import find_unpassable
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig, parse_part
from docendo.records import Problem
from docendo.store.atomic import write_atomically
from docendo.version import VERSION

__all__ = ["explain_wrong_answers"]

_COMPARE_ANSWERS = {"truth", "tests", "numeric", "symbolic"}
"""Evaluators that know what is right. The others ask somebody, or look at something else."""
_PLAIN = re.compile(
    r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?|[A-Za-z0-9]{1,30}(?: [A-Za-z0-9]{1,30}){0,3}"
)
"""Answers that every evaluator reads: most rows of a large file are not worth the time."""
_BATCH = 1000
_MANY_PROGRAMS = 50


def explain_wrong_answers(
    config: Config, domain: str, problems: Sequence[Problem]
) -> dict[str, str]:
    """Why a problem's own answer does not score 1, by the key of the problem.

    Programs are run against their tests once; the result is kept in the cache folder. Empty
    where the evaluator costs something, or compares no answers.
    """
    name = config.domains[domain].evaluator
    leaves = list(_leaves(config, name)) if name else [parse_part("evaluator", "truth")]
    for part in leaves:
        # an answer that is marked in another way than data is never right
        if part.type not in _COMPARE_ANSWERS or getattr(part, "answer_pattern", None):
            return {}

    programs = [problem for problem in problems if problem.tests]
    texts = [p for p in problems if not (p.tests or _PLAIN.fullmatch(p.answer))]
    reasons: dict[str, str] = {}
    if texts:
        reasons |= _check(build_evaluator(config, name), texts)
    if programs:
        settings = [part.model_dump_json() for part in leaves]
        file = cache_folder() / "own-answers" / f"{_digest(settings, programs)}.json"
        reasons |= _read(file) or _run(build_evaluator(config, name), programs, file)
    return {key: reason for key, reason in reasons.items() if reason}


def _leaves(config: Config, name: str) -> Iterator[PartConfig]:
    """The evaluator, or those that it is made of."""
    part = config.evaluators[name]
    members = getattr(part, "members", ())
    for member in members:
        yield from _leaves(config, member)
    if not members:
        yield part


def _check(evaluate: Evaluator, problems: Sequence[Problem]) -> dict[str, str]:
    reasons = {}
    for start in range(0, len(problems), _BATCH):
        for fault in find_unpassable(evaluate, problems[start : start + _BATCH]):
            reasons[fault.problem.key] = f"its own answer is not right: {fault.reason}"
    return reasons


def _run(evaluate: Evaluator, programs: Sequence[Problem], file: Path) -> dict[str, str]:
    if len(programs) >= _MANY_PROGRAMS:
        getLogger("docendo").warning(
            "%d programs of the data are run once against their own tests", len(programs)
        )
    reasons = _check(evaluate, programs)
    # A busy machine may have been too slow for some: those get a second try, alone.
    failed = [problem for problem in programs if problem.key in reasons]
    for problem in failed[:_MANY_PROGRAMS]:
        if not _check(evaluate, [problem]):
            del reasons[problem.key]

    # an entry for the whole, so that a file without a fault is known, too
    reasons[""] = ""
    with suppress(OSError):
        write_atomically(file, json.dumps(reasons).encode())
    return reasons


def _read(file: Path) -> dict[str, str]:
    """What was kept of an earlier check; empty where there is none."""
    with suppress(OSError, ValueError):
        kept = json.loads(file.read_bytes())
        if isinstance(kept, dict):
            return {str(key): str(reason) for key, reason in kept.items()}
    return {}


def _digest(settings: Sequence[str], programs: Sequence[Problem]) -> str:
    """Of all that a check depends on: programs, settings, and the code that judges."""
    content = blake2b(VERSION.encode(), digest_size=16)
    package = Path(__file__).parents[1]
    for folder in ("assertions", "graders", "sandbox"):
        for path in sorted((package / folder).glob("*.py")):
            content.update(path.read_bytes())
    content.update(repr((settings, programs)).encode(errors="surrogatepass"))
    return content.hexdigest()
