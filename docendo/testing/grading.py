"""Checks of what asks and grades: sources, graders, evaluators, sandboxes."""

from concurrent.futures import ThreadPoolExecutor
from tempfile import NamedTemporaryFile

from docendo.interfaces import (
    Evaluator,
    Grader,
    Sandbox,
    Source,
)
from docendo.records import (
    Answer,
    Verdict,
)
from docendo.testing.examples import STUDENT, make_problem

__all__ = ["check_evaluator", "check_grader", "check_sandbox", "check_source"]

_HOSTILE_TEXTS = ("", "Answer: 4", "\x00", "(" * 2000, "9" * 5000, "\ud800", "Answer: nan")
_HOSTILE_PROGRAMS = (
    "while True: pass",
    "raise SystemExit(0)",
    "def broken(:",
    "\ud800",
    "x = [0]\nwhile True: x = x + x",
)


def check_evaluator(evaluate: Evaluator) -> None:
    """One verdict per answer, in order, for any text, and none for no answers; it never raises."""
    answers = [
        Answer(make_problem(i), text, STUDENT, i) for i, text in enumerate(_HOSTILE_TEXTS)
    ]
    verdicts = evaluate(answers)
    assert len(verdicts) == len(answers), (
        f"expected {len(answers)} verdicts, got {len(verdicts)}"
    )
    for answer, verdict in zip(answers, verdicts, strict=True):
        _check_verdict(verdict, answer.text)
    assert list(evaluate([])) == [], "no answers must give no verdicts"


def check_grader(grade: Grader) -> None:
    """A score in [0, 1] and a reason for any text; it never raises."""
    for text in _HOSTILE_TEXTS:
        _check_verdict(grade(make_problem(0), text), text)


def check_sandbox(sandbox: Sandbox) -> None:
    """It tells values as text, survives whatever a program does, and keeps programs from this machine."""
    calls = ["f(1)", "f('a')", "f([1, (2.5, None)])"]
    outcome = sandbox("def f(x): return x", calls)
    assert outcome.ok, f"a harmless program failed: {outcome.reason}"
    values = ("1", "'a'", "[1, (2.5, None)]")
    assert outcome.values == values, f"expected {values}, got {outcome.values}"

    outcome = sandbox("def f(x): return 6 // x", ["f(3)", "f(0)", "f(2)"])
    assert not outcome.ok, "a call that raised must not be ok"
    assert outcome.values == ("2",), (
        f"expected the value before the failure, got {outcome.values}"
    )
    assert outcome.reason, "a failure without a reason"

    for code in _HOSTILE_PROGRAMS:
        outcome = sandbox(code, ["1"])
        assert not outcome.ok, f"{code[:40]!r} must fail"

    sandbox("left_behind = 1")
    assert not sandbox("", ["left_behind"]).ok, "a program sees what an earlier one defined"
    with NamedTemporaryFile("w") as secret:
        secret.write("secret")
        secret.flush()
        theft = f"with open({secret.name!r}) as file:\n    text = file.read()"
        stolen = sandbox(theft, ["text"]).values
        assert stolen != ("'secret'",), "a program reads this user's files"

    programs = [f"def f(): return {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda code: sandbox(code, ["f()"]), programs))
    mixed_up = [o for n, o in enumerate(outcomes) if o.values != (str(n),)]
    assert not mixed_up, f"calls from several threads are mixed up: {mixed_up[0]}"


def check_source(source: Source) -> None:
    """Different problems with answers, the same for the same seed, no problem in both splits."""
    for family, levels in source.levels.items():
        level = levels[0]
        train = source.draw(family, level, 4, 1, "train")
        assert len({problem.key for problem in train}) == 4, "expected 4 different problems"
        assert train == source.draw(family, level, 4, 1, "train"), (
            "same seed, other problems"
        )

        held_out = source.draw(family, level, 4, 1, "held-out")
        shared = {problem.key for problem in train} & {problem.key for problem in held_out}
        assert not shared, f"problems in both splits: {shared}"
        for problem in train:
            assert problem.prompt, "a problem without a question"
            assert problem.domain == source.domain, f"a problem of {problem.domain!r}"
            assert (problem.family, problem.level) == (family, level), (
                f"of another task: {problem}"
            )


def _check_verdict(verdict: Verdict, text: str) -> None:
    assert isinstance(verdict, Verdict), (
        f"expected a Verdict for {text[:20]!r}, got {verdict!r}"
    )
    assert 0 <= verdict.score <= 1, f"the score of {text[:20]!r} is {verdict.score}"
    assert isinstance(verdict.reason, str), f"the reason is {verdict.reason!r}"
