"""Checks of what trains: backends, losses, baselines, rewards, supervised examples, trackers."""

import json
from collections.abc import Callable, Collection, Sequence
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docendo.backend import Backend, TrainStep
from docendo.interfaces import (
    Reward,
    Tracker,
)
from docendo.learning.baselines import Baseline
from docendo.learning.groups import Group
from docendo.learning.losses import PolicyGradientConfig
from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Episode,
    Example,
    Lesson,
    Match,
    Message,
    Metrics,
    Request,
    Rollout,
    SoftLabel,
    Target,
    Verdict,
)
from docendo.testing.examples import STUDENT, TEACHER, make_problem

__all__ = [
    "check_backend",
    "check_baseline",
    "check_labels",
    "check_loss",
    "check_reward",
    "check_sft_data",
    "check_tracker",
]


def check_backend(backend: Backend) -> None:
    """What a league relies on: the same seed gives the same answer, and agents train alone.

    The backend has no agents but the base; afterwards it has none again. Sampling the same
    requests twice, alone or with others, gives the same tokens. A training step changes the
    agents that it names, and nobody else. What `save` wrote, `load` restores.
    """
    ann, bob = AgentId("ann"), AgentId("bob")
    assert list(backend.agents) == [BASE], f"expected the base alone, got {backend.agents}"
    backend.add(ann, 1)
    backend.add(bob, 2)
    requests = [_request(agent, seed) for agent in (ann, bob) for seed in (1, 2)]
    sampled = backend.sample(requests)
    assert len(sampled) == len(requests), (
        f"{len(sampled)} answers to {len(requests)} requests"
    )
    assert [c.tokens for c in backend.sample(requests)] == [c.tokens for c in sampled], (
        "the same requests must give the same tokens"
    )
    assert backend.sample(requests[:1])[0].tokens == sampled[0].tokens, (
        "an answer must not depend on what else is sampled"
    )
    assert sum(usage.tokens for usage in backend.pop_usage()) > 0, "no usage was booked"
    assert backend.pop_usage() == [], "pop_usage must forget what it has returned"

    target = backend.target(Example(ann, requests[0].messages, "Answer: 4"))
    as_bob = target._replace(agent=bob)
    before = backend.logprobs([target, as_bob], "check")
    assert len(before[0]) == len(target.tokens), "expected one log-probability per token"
    with TemporaryDirectory() as folder:
        backend.save(Path(folder, "saved"))
        loss = PolicyGradientConfig()
        gradients = backend.train(TrainStep([target], loss, {ann: 1e-2}, "check"))
        assert list(gradients) == [ann], f"expected ann's gradient, got {list(gradients)}"
        after = backend.logprobs([target, as_bob], "check")
        assert sum(after[0]) > sum(before[0]), "a demonstration must become likelier"
        assert after[1] == before[1], "another agent's step must change nothing"

        (label,) = backend.label([as_bob], "check")
        assert label is not None, "a text that fits the model must have a label"
        soft = target._replace(weight=0.0, labels=(SoftLabel(label, 1.0),))
        steps = [TrainStep([soft], loss, {ann: 1e-2}, "check") for _ in range(2)]
        first, second = (backend.train(step)[ann].divergence for step in steps)
        assert first > second > 0, (
            "a step towards a label must lower the divergence from it"
        )
        backend.load(Path(folder, "saved"))
    assert backend.logprobs([target], "check")[0] == before[0], (
        "load must restore what was saved"
    )

    backend.snapshot(ann, AgentId("copy"))
    assert list(backend.agents) == [BASE, ann, bob, "copy"], f"got {list(backend.agents)}"
    for agent in (ann, bob, AgentId("copy")):
        backend.remove(agent)
    assert list(backend.agents) == [BASE], f"not removed: {list(backend.agents)}"


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
        assert isfinite(payoff.teacher or 0.0), f"the teacher's payoff is {payoff.teacher}"
        assert len(payoff.student) == len(scores), (
            "expected one payoff per attempt of the student"
        )
        assert all(isfinite(value) for value in payoff.student), (
            f"not finite: {payoff.student}"
        )


def check_sft_data(examples: Sequence[Example], learners: Collection[str]) -> None:
    """The examples of a round are for learners, and have messages, a text and a weight.

    Call it with what your function returned for a school of yours.
    """
    for example in examples:
        assert example.agent in learners, f"{example.agent!r} is no learner"
        assert example.messages, "an example without messages"
        assert example.text.strip(), "an example without a text"
        assert isfinite(example.weight), f"weight {example.weight}"
        assert example.weight > 0, f"weight {example.weight}"


def check_labels(targets: Sequence[Target], learners: Collection[str]) -> None:
    """Targets with labels are for learners, and every label has a weight above 0.

    Call it with what your function returned for a school and a round of yours.
    """
    assert targets, "expected at least one target"
    for target in targets:
        assert target.agent in learners, f"{target.agent!r} is no learner"
        assert target.tokens, "a target without tokens"
        assert target.labels, "a target without a label; examples belong in sft_data"
        for soft in target.labels:
            assert isfinite(soft.weight), f"weight {soft.weight}"
            assert soft.weight > 0, f"weight {soft.weight}"


def check_tracker(tracker: Tracker) -> None:
    """It can be started with and without a folder, told of rounds, resumed, and finished."""
    with TemporaryDirectory() as folder:
        for place in (None, Path(folder)):
            _check_last_logged(tracker.start(place, {"seed": 0}, -2))
            tracker.log(-1, "experts", Metrics(-1))
            tracker.log(0, "experts", Metrics(0, {"gain": 0.5, "unknown": float("nan")}))
            tracker.finish()
        # Round 0 was rolled back: a resumed run goes on after round -1.
        _check_last_logged(tracker.start(Path(folder), {"seed": 0}, -1))
        tracker.log(0, "experts", Metrics(0, {"gain": 0.25}))
        tracker.finish()


def _check_last_logged(last_logged: int | None) -> None:
    assert last_logged is None or isinstance(last_logged, int), (
        f"start returns the last round that was logged or None, got {last_logged!r}"
    )


def _request(agent: AgentId, seed: int) -> Request:
    return Request(agent, (Message("user", "2 + 2 = ?"),), seed, max_tokens=4)


def _group(rewards: Sequence[float]) -> Group:
    completions = tuple((Completion(str(reward)),) for reward in rewards)
    return Group(STUDENT, "student", "domain", tuple(rewards), completions)


def _episode(scores: Sequence[float]) -> Episode:
    """An episode with these scores after the lesson; none: the gate rejected it."""
    control = Rollout(Completion("Answer: 3"), Verdict(0.0, "wrong"))
    example = Rollout(Completion("Answer: 4"), Verdict(1.0 if scores else 0.0, "as told"))
    attempts = tuple(Rollout(Completion("Answer: 5"), Verdict(s, "")) for s in scores)
    return Episode(
        round=0,
        match=Match(TEACHER, STUDENT, "domain", "family", 1),
        test=make_problem(1),
        lesson=Lesson((make_problem(0),), (example,)),
        control=(control,),
        attempts=attempts,
        expected=0.0,
    )
