"""Conformance checks for users' own parts: does it satisfy what docendo expects of its kind?

Each check takes a part and raises AssertionError with a sentence that says what is wrong::

    from docendo.testing import check_baseline
    from mypackage import MyBaseline

    def test_my_baseline():
        check_baseline(MyBaseline())
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isclose, isfinite
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import numpy as np

from docendo.interfaces import (
    Curriculum,
    Evaluator,
    Grader,
    Matchmaker,
    Reward,
    Sandbox,
    Source,
    Tracker,
)
from docendo.league.posteriors import RatePosterior
from docendo.league.standings import LiveStandings
from docendo.learning.baselines import Baseline
from docendo.learning.groups import Group
from docendo.records import (
    AgentId,
    Answer,
    Completion,
    Episode,
    Lesson,
    Match,
    Metrics,
    Problem,
    Rollout,
    TaskType,
    TeachingOption,
    Verdict,
)

__all__ = [
    "check_baseline",
    "check_curriculum",
    "check_evaluator",
    "check_grader",
    "check_loss",
    "check_matchmaker",
    "check_reward",
    "check_sandbox",
    "check_source",
    "check_tracker",
]

_TEACHER, _STUDENT = AgentId("teacher"), AgentId("student")
_HOSTILE_TEXTS = ("", "Answer: 4", "\x00", "(" * 2000, "9" * 5000, "\ud800", "Answer: nan")

_HOSTILE_PROGRAMS = (
    "while True: pass",
    "raise SystemExit(0)",
    "def broken(:",
    "\ud800",
    "x = [0]\nwhile True: x = x + x",
)


def check_baseline(baseline: Baseline) -> None:
    """One finite advantage per reward, none for equal rewards, and a state that survives JSON."""
    varied = _group((1.0, 0.0, 0.0, 1.0))
    advantages = baseline.advantages(varied)
    assert len(advantages) == 4, (
        f"expected 4 advantages for 4 rewards, got {len(advantages)}"
    )
    assert all(isfinite(value) for value in advantages), f"not finite: {advantages}"
    assert advantages[0] > advantages[1], "a higher reward must have a higher advantage"

    saved = json.loads(json.dumps(dict(baseline.state())))
    expected = baseline.advantages(varied)
    baseline.restore(saved)
    restored = baseline.advantages(varied)
    assert restored == expected, (
        "after restore(state()) the same group must give the same advantages"
    )


def check_loss(loss: Callable[..., Any]) -> None:
    """Finite per-token losses of the right shape, whose gradient raises what was better than expected."""
    import torch

    from docendo.learning.losses import make_loss_inputs

    logprobs = torch.tensor([-1.0, -0.5, -2.0, -0.1], requires_grad=True)
    inputs = make_loss_inputs(
        logprobs=logprobs,
        old_logprobs=logprobs.detach().clone(),
        advantages=torch.tensor([1.0, 1.0, -1.0, -1.0]),
        sequence_ids=torch.tensor([0, 0, 1, 1]),
    )
    losses = loss(inputs)
    assert losses.shape == (4,), f"expected losses of shape (4,), got {tuple(losses.shape)}"
    assert bool(losses.isfinite().all()), f"not finite: {losses}"

    (gradient,) = torch.autograd.grad(losses.sum(), logprobs)
    assert bool((gradient[:2] < 0).all()), (
        "tokens with a positive advantage must become likelier"
    )
    assert bool((gradient[2:] > 0).all()), (
        "tokens with a negative advantage must become less likely"
    )


def check_reward(reward: Reward) -> None:
    """A finite payoff for an episode with attempts and for a rejected lesson, the same each time."""
    for scores in ((1.0, 0.0), ()):
        episode = _episode(scores)
        payoff = reward(episode)
        assert isfinite(payoff.teacher), f"the teacher's payoff is {payoff.teacher}"
        assert len(payoff.student) == len(scores), (
            "expected one payoff per attempt of the student"
        )
        assert all(isfinite(value) for value in payoff.student), (
            f"not finite: {payoff.student}"
        )


def check_grader(grade: Grader) -> None:
    """A score in [0, 1] and a reason for any text; it never raises."""
    for text in _HOSTILE_TEXTS:
        _check_verdict(grade(_problem(0), text), text)


def check_evaluator(evaluate: Evaluator) -> None:
    """One verdict per answer, in order, for any text, and none for no answers; it never raises."""
    answers = [
        Answer(_problem(i), text, _STUDENT, i) for i, text in enumerate(_HOSTILE_TEXTS)
    ]
    verdicts = evaluate(answers)
    assert len(verdicts) == len(answers), (
        f"expected {len(answers)} verdicts, got {len(verdicts)}"
    )
    for answer, verdict in zip(answers, verdicts, strict=True):
        _check_verdict(verdict, answer.text)
    assert list(evaluate([])) == [], "no answers must give no verdicts"


def check_curriculum(curriculum: Curriculum) -> None:
    """Probabilities that sum to 1, one per task type, also where nothing is known yet."""
    task_types = [TaskType("domain", "family", level) for level in (1, 2, 3)]
    for successes, attempts in (([0.0, 0.0, 0.0], 0.0), ([9.0, 5.0, 1.0], 10.0)):
        posterior = RatePosterior(
            total_N=np.array(successes),
            evidence_N=np.full(3, attempts),
            stale_N=np.zeros(3),
        )
        weights = curriculum(task_types, posterior, {})
        assert len(weights) == 3, f"expected 3 weights, got {len(weights)}"
        assert bool((np.asarray(weights) >= 0).all()), f"negative weights: {weights}"
        assert isclose(float(np.sum(weights)), 1.0, abs_tol=1e-9), (
            f"weights sum to {np.sum(weights)}"
        )


def check_matchmaker(matchmaker: Matchmaker) -> None:
    """As many matches as asked for, all allowed by the options, the same for the same seed."""
    teachers = (AgentId("ann"), AgentId("bob"))
    students = (AgentId("bob"), AgentId("cat"))
    options = [
        TeachingOption(TaskType("domain", "family", level), teachers, students)
        for level in (1, 2)
    ]
    matches = matchmaker(options, LiveStandings(), 6, seed=1)
    assert len(matches) == 6, f"expected 6 matches, got {len(matches)}"
    for match in matches:
        assert match.teacher != match.student, f"{match.teacher} teaches itself"
        assert match.teacher in teachers, f"{match.teacher} teaches nothing here"
        assert match.student in students, f"{match.student} is taught nothing here"
        assert match.task_type in {option.task_type for option in options}, (
            f"unknown {match}"
        )
    again = matchmaker(options, LiveStandings(), 6, seed=1)
    assert list(again) == list(matches), "the same seed must give the same matches"


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


def check_tracker(tracker: Tracker) -> None:
    """It can be started with and without a folder, told of rounds, resumed, and finished."""
    with TemporaryDirectory() as folder:
        for place in (None, Path(folder)):
            tracker.start(place, {"seed": 0}, -2)
            tracker.log(-1, "experts", Metrics(-1))
            tracker.log(0, "experts", Metrics(0, {"gain": 0.5, "unknown": float("nan")}))
            tracker.finish()
        tracker.start(Path(folder), {"seed": 0}, -1)
        tracker.log(0, "experts", Metrics(0, {"gain": 0.25}))
        tracker.finish()


def _check_verdict(verdict: Verdict, text: str) -> None:
    assert isinstance(verdict, Verdict), (
        f"expected a Verdict for {text[:20]!r}, got {verdict!r}"
    )
    assert 0 <= verdict.score <= 1, f"the score of {text[:20]!r} is {verdict.score}"
    assert isinstance(verdict.reason, str), f"the reason is {verdict.reason!r}"


def _problem(number: int) -> Problem:
    return Problem("domain", "family", 1, f"What is {number} + 4?", str(number + 4))


def _group(rewards: Sequence[float]) -> Group:
    completions = tuple((Completion(str(reward)),) for reward in rewards)
    return Group(_STUDENT, "student", "domain", tuple(rewards), completions)


def _episode(scores: Sequence[float]) -> Episode:
    """An episode with these scores after the lesson; none: the gate rejected it."""
    control = Rollout(Completion("Answer: 3"), Verdict(0.0, "wrong"))
    example = Rollout(Completion("Answer: 4"), Verdict(1.0 if scores else 0.0, "as told"))
    attempts = tuple(Rollout(Completion("Answer: 5"), Verdict(s, "")) for s in scores)
    return Episode(
        round=0,
        match=Match(_TEACHER, _STUDENT, "domain", "family", 1),
        test=_problem(1),
        lesson=Lesson((_problem(0),), (example,)),
        control=(control,),
        attempts=attempts,
        expected=0.0,
    )
