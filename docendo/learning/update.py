"""The learner: one policy-gradient step on what was sampled, then a few supervised steps on what is worth imitating."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from docendo.interfaces import Trainable
from docendo.learning.losses import Loss, policy_gradient
from docendo.records import AgentId, Example, Gradient, ScoredSample, Target

__all__ = ["PopulationLearner", "batches_of", "credit_targets", "mean_weights"]

_LENGTH = 32.0
"""A typical completion. A constant divides the policy gradient, so that long answers weigh neither more nor less."""


@dataclass(frozen=True)
class PopulationLearner:
    """Updates every agent's adapter; agents never share a gradient."""

    engine: Trainable
    policy_rate: float
    """Learning rate of the policy-gradient step."""
    imitation_rate: float
    batch: int = 8
    """Examples of one agent in one supervised step."""
    loss: Loss = policy_gradient
    epochs: int = 1
    """Passes over the credits; more than one wants a clipped loss."""
    purpose: str = "imitation"
    """What the ledger books the supervised steps under."""

    def update(
        self, credits: Sequence[ScoredSample], examples: Sequence[Example]
    ) -> dict[str, float]:
        """Trains on one round. Measures norms and noise of gradients, and counts the steps that were skipped because a
        gradient was not finite or absurdly large: all of them, and of each agent that has any those of each purpose.
        """
        metrics: dict[str, float] = {"credits": len(credits), "examples": len(examples)}
        skipped: Counter[str] = Counter()
        if credits:
            targets = credit_targets(credits)
            for _ in range(self.epochs):
                found = self.engine.train(
                    targets, self.loss, self._rates(targets, self.policy_rate), "policy"
                )
                skipped.update(_skipped(found, "policy"))
            metrics |= _size(found, "policy")
            metrics |= _chance(found.values())
        for part in batches_of([self.engine.target(e) for e in examples], self.batch):
            found = self.engine.train(
                mean_weights(part),
                policy_gradient,
                self._rates(part, self.imitation_rate),
                self.purpose,
            )
            skipped.update(_skipped(found, self.purpose))
            metrics |= _size(found, self.purpose)
        return {**metrics, "skipped": skipped.total(), **skipped}

    @staticmethod
    def _rates(targets: Sequence[Target], rate: float) -> Mapping[AgentId, float]:
        return {t.agent: rate for t in targets}


def _skipped(found: Mapping[AgentId, Gradient], purpose: str) -> list[str]:
    """Names under which to count."""
    return [
        f"skipped/{agent}/{purpose}" for agent, g in found.items() if not isfinite(g.norm)
    ]


def _size(found: Mapping[AgentId, Gradient], purpose: str) -> dict[str, float]:
    """The mean norm over the agents whose step was made; empty where there is none."""
    finite = [g.norm for g in found.values() if isfinite(g.norm)]
    return {f"gradient/{purpose}": fmean(finite)} if finite else {}


def _chance(gradients: Iterable[Gradient]) -> dict[str, float]:
    """Means over the agents whose noise is known; empty where nobody's is."""
    known = [g for g in gradients if isfinite(g.noise) and isfinite(g.norm)]
    if not known:
        return {}
    signal = fmean(max(0.0, g.norm**2 - g.noise) for g in known)
    return {"noise/policy": fmean(g.noise for g in known), "signal/policy": signal}


def credit_targets(credits: Sequence[ScoredSample]) -> list[Target]:
    """Advantages divided by the number of the agent's completions and a constant length (Dr. GRPO)."""
    counts = Counter(c.agent for c in credits)
    return [
        Target(
            c.agent,
            c.completion.prompt_tokens,
            c.completion.tokens,
            c.advantage / (counts[c.agent] * _LENGTH),
            c.completion.logprobs,
            c.completion.sampled,
            c.completion.grammar,
            scale=1 / (counts[c.agent] * _LENGTH),
        )
        for c in credits
    ]


def mean_weights(targets: Sequence[Target]) -> list[Target]:
    """Weights divided by the number of the agent's tokens: the loss is the weighted mean over them."""
    tokens: Counter[AgentId] = Counter()
    for t in targets:
        tokens[t.agent] += sum(t.sampled) if t.sampled else len(t.tokens)
    return [t._replace(weight=t.weight / max(1, tokens[t.agent])) for t in targets]


def batches_of(targets: Sequence[Target], batch: int) -> list[list[Target]]:
    """Step by step, up to `batch` targets of every agent: all agents train together, each in its given order."""
    queues: dict[AgentId, list[Target]] = {}
    for target in targets:
        queues.setdefault(target.agent, []).append(target)
    steps = max((-(-len(q) // batch) for q in queues.values()), default=0)
    return [
        [t for q in queues.values() for t in q[s * batch : (s + 1) * batch]]
        for s in range(steps)
    ]
