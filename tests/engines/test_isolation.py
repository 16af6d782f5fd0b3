"""Whatever is not finite in one agent, nobody else sees: not in training, not while sampling, not to the last bit.

``DOCENDO_TRIALS`` is how many random faults are tried by each test. Without it a few: the full number is
``DOCENDO_TRIALS=100 pytest tests/engines/test_isolation.py``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import inf, isfinite, nan
from random import Random

import pytest
import torch
from torch import Tensor

from docendo.engines.cpu.decode import CpuStack
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.optimizer import Adam
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from docendo.learning.losses import Loss, PPOClip
from docendo.learning.update import PopulationLearner
from docendo.records import AgentId, Completion, MetricKey, Request, ScoredSample, Target
from tests.engines.toys import (
    ALPHA,
    CPU,
    RANK,
    ask,
    fresh,
    open_toy,
    surprise,
    target,
    train_step,
    vary,
    wake,
)

TRIALS = int(os.environ.get("DOCENDO_TRIALS", "2"))
CROWD = tuple(AgentId(name) for name in ("ann", "bob", "cat", "dan", "eve"))
QUESTIONS = (
    "why",
    "two and two",
    "what is the longest of all the questions in here, by far, and then some?",
)
BAD = (nan, inf, -inf)


@dataclass
class Trial:
    """Who is there, who is poisoned, and what everybody is to learn and to say."""

    seed: int

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.agents = self.rng.sample(CROWD, self.rng.randint(2, len(CROWD)))
        self.victim = self.rng.choice(self.agents)
        self.bad = self.rng.choice(BAD)

    @property
    def others(self) -> list[AgentId]:
        return [agent for agent in self.agents if agent != self.victim]

    def targets(self) -> list[Target]:
        draw = Random(self.seed).choice
        texts = ("yes", "because it is so", "4")
        drawn = [
            target(a, draw(QUESTIONS), draw(texts), draw((-0.5, 0.25, 1.0)))
            for a in self.agents
            for _ in "12"
        ]
        return [t._replace(logprobs=(-5.0,) * len(t.tokens)) for t in drawn]

    def requests(self) -> list[Request]:
        sizes = cycle((1, 9, 5))
        return [
            ask(a, q, i, next(sizes))
            for i in range(3)
            for a in self.agents
            for q in QUESTIONS
        ]


@dataclass
class Poisoned(Adam):
    """As if one number of a gradient had come out wrong."""

    slot: int = 0
    at: int = 0
    value: float = nan

    def step(
        self, bank: AdapterBank, rates: Mapping[AgentId, float], weight_decay: float = 0.0
    ) -> dict[AgentId, float]:
        bank.grads_LSP[1][self.slot, self.at] = self.value
        return super().step(bank, rates, weight_decay)


ENGINE = fresh()


def crowd(agents: Sequence[AgentId], engine: LocalEngine = ENGINE) -> LocalEngine:
    """The engine with these agents, as they are before any step."""
    for agent in [a for a in engine.bank.slots if a != "base"]:
        engine.remove(agent)
    engine.bank.set_weights(engine.bank.weights_SP[:1].clone())
    engine.trainer.adam = Adam()
    for agent in agents:
        engine.bank.add(agent, 1)
        wake(engine, agent)
    return engine


def bits(x: Tensor) -> list[int]:
    """Which NaN compares as well as any number."""
    found: list[int] = x.contiguous().view(torch.int32).flatten().tolist()
    return found


def state(engine: LocalEngine, agent: AgentId) -> list[list[int]]:
    """The weights of an agent, its moments and its step count, bit by bit."""
    slot, adam = engine.bank.slot(agent), engine.adam
    adam.resize(engine.bank)
    return [
        bits(x[slot : slot + 1])
        for x in (engine.bank.weights_SP, adam.mean_SP, adam.square_SP, adam.steps_S)
    ]


def in_the_weights(value: float) -> Callable[[Trial, LocalEngine], None]:
    def poison(trial: Trial, engine: LocalEngine) -> None:
        row_P = engine.bank.weights_SP[engine.bank.slot(trial.victim)]
        row_P[trial.rng.randrange(len(row_P))] = trial.bad if value == inf else value
        engine.bank.refresh()

    return poison


def in_the_gradient(trial: Trial, engine: LocalEngine) -> None:
    slot, at = engine.bank.slot(trial.victim), trial.rng.randrange(engine.bank.size)
    engine.trainer.adam = Poisoned(slot=slot, at=at, value=trial.bad)


def enormous(trial: Trial, engine: LocalEngine) -> None:
    slot, at = engine.bank.slot(trial.victim), trial.rng.randrange(engine.bank.size)
    engine.trainer.adam = Poisoned(
        slot=slot, at=at, value=trial.rng.choice((1e7, 1e15, 1e25))
    )


def in_the_loss(trial: Trial, targets: list[Target]) -> list[Target]:
    """The weight of a completion makes its loss."""
    return [t._replace(weight=trial.bad) if t.agent == trial.victim else t for t in targets]


def in_the_logits(trial: Trial, targets: list[Target]) -> list[Target]:
    """Log-probabilities that the sampler told."""
    return [
        t._replace(logprobs=(nan,) * len(t.tokens)) if t.agent == trial.victim else t
        for t in targets
    ]


ENGINE_FAULTS = {
    "gradient": in_the_gradient,
    "exploding gradient": enormous,
    "weights": in_the_weights(inf),
    "huge weight": in_the_weights(3e38),
}
TARGET_FAULTS = {"loss": in_the_loss, "logits": in_the_logits}


def trained(
    trial: Trial, fault: str, *, happens: bool
) -> tuple[LocalEngine, dict[AgentId, float], list[list[int]]]:
    """The engine after a healthy step and one in which the fault happens or not; the norms of the latter's gradients,
    and the victim's state before it."""
    engine, targets = crowd(trial.agents), trial.targets()
    rates = dict.fromkeys(trial.agents, 1e-2)
    loss: Loss = PPOClip(0.9, 99) if fault == "logits" else surprise
    engine.train(train_step(targets, loss, rates, "policy"))
    if happens and fault in ENGINE_FAULTS:
        healthy = engine.adam
        ENGINE_FAULTS[fault](trial, engine)
        for name in ("mean_SP", "square_SP", "steps_S"):
            setattr(engine.adam, name, getattr(healthy, name))
    if happens and fault in TARGET_FAULTS:
        targets = TARGET_FAULTS[fault](trial, targets)
    before = state(engine, trial.victim)
    found = engine.train(train_step(targets, loss, rates, "policy"))
    return engine, {agent: g.norm for agent, g in found.items()}, before


@pytest.mark.parametrize("fault", [*ENGINE_FAULTS, *TARGET_FAULTS])
def test_a_nan_skips_the_step_of_its_agent_and_changes_no_bit_of_the_others(
    fault: str,
) -> None:
    for seed in range(TRIALS):
        trial = Trial(seed)
        engine, norms, before = trained(trial, fault, happens=True)
        if fault != "huge weight":  # which a normalisation may make small again
            assert not isfinite(norms[trial.victim])
        if not isfinite(norms[trial.victim]):
            assert state(engine, trial.victim) == before
        found = {agent: state(engine, agent) for agent in trial.others}
        well, healthy, moved = trained(trial, fault, happens=False)
        assert {agent: norms[agent] for agent in trial.others} == {
            agent: healthy[agent] for agent in trial.others
        }
        assert found == {agent: state(well, agent) for agent in trial.others}
        assert state(well, trial.victim) != moved


def test_the_learner_counts_skipped_steps_by_agent_and_kind() -> None:
    trial = Trial(3)
    engine = crowd(trial.agents)
    in_the_weights(inf)(trial, engine)
    given = [
        ScoredSample(a, Completion("x", (5, 6), (7, 8), (-1.0, -1.0)), 1.0)
        for a in trial.agents
    ]
    found = PopulationLearner(engine, 1e-3, 1e-3, batch_size=8).update(given, [])
    of_agents = {str(name): n for name, n in found.items() if isinstance(name, MetricKey)}
    assert of_agents == {f"nonfinite_steps/policy/{trial.victim}": 1}
    assert found["nonfinite_steps"] == 1
    assert isfinite(found["grad_norm/policy"])


def answers(trial: Trial, engine: LocalEngine) -> dict[AgentId, list[Completion]]:
    requests = trial.requests()
    done = engine.sample(requests)
    return {
        a: [c for r, c in zip(requests, done, strict=True) if r.agent == a]
        for a in trial.agents
    }


def streamed(trial: Trial, engine: LocalEngine) -> dict[AgentId, list[Completion]]:
    """As a server samples: rows come in while others run."""
    stream, requests = engine.open_batch(), trial.requests()
    over = {}
    for ticket, request in enumerate(requests):
        stream.add_request(ticket, engine.prepare(request))
        over |= {seen.request_id: seen.result for seen in stream.step() if seen.finished}
    while not stream.is_idle:
        over |= {seen.request_id: seen.result for seen in stream.step() if seen.finished}
    said = [
        Completion("", (), tuple(r.tokens), tuple(r.logprobs))
        for _, r in sorted(over.items())
    ]
    return {
        a: [c for r, c in zip(requests, said, strict=True) if r.agent == a]
        for a in trial.agents
    }


@pytest.fixture(scope="module", params=["fused", "plain", "compiled"])
def engine(request: pytest.FixtureRequest) -> LocalEngine:
    """One for every way in which passes are computed."""
    if request.param == "compiled" and load_kernels(torch.float32) is None:
        pytest.skip("no C compiler")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setattr(LlamaStack, "of", lambda *_: None)
        made = open_toy(
            TINY, RANK, ALPHA, torch.float32, CPU, compiled=request.param == "compiled"
        )
    assert (
        type(made.network.stack)
        is {"fused": LlamaStack, "plain": HFStack, "compiled": CpuStack}[request.param]
    )
    return made


@pytest.mark.parametrize("say", [answers, streamed])
def test_an_agent_with_nan_weights_spoils_its_own_answers_alone(
    engine: LocalEngine,
    say: Callable[[Trial, LocalEngine], dict[AgentId, list[Completion]]],
) -> None:
    """Few seats and few places for prompts: those of the victim are taken by others after it."""
    for seed in range(TRIALS):
        trial = Trial(seed)
        found = []
        for happens in (True, False):
            peopled = crowd(trial.agents, engine)
            if happens:
                in_the_weights(inf)(trial, peopled)
            count = (
                1 + seed % 2 if say is answers and engine.network.stack.thread_safe else 1
            )
            small = vary(peopled, max_num_seqs=5, workers=Workers(count, 1))
            found.append(say(trial, small))
            told = small.pop_metrics()
            lost = MetricKey("nonfinite_answers", trial.victim)
            assert set(told) <= {lost} if happens else not told
        ill, well = found
        if isinstance(
            engine.network.stack, HFStack
        ):  # whose sums depend on the batch, as transformers' do
            for agent in trial.others:
                for one, other in zip(ill[agent], well[agent], strict=True):
                    assert one.tokens == other.tokens
                    assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
        else:
            assert {a: ill[a] for a in trial.others} == {a: well[a] for a in trial.others}
        assert all(isfinite(x) for said in ill.values() for c in said for x in c.logprobs)
