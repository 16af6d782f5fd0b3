"""The learner: a policy update on what was sampled, then supervised steps on demonstrations."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from math import expm1, isfinite
from operator import itemgetter
from statistics import fmean

from docendo.backend import Backend, TrainStep
from docendo.learning.losses import PolicyGradientConfig, needs_reference
from docendo.parts import PartConfig
from docendo.records import (
    BASE,
    AgentId,
    Example,
    Gradient,
    MetricKey,
    MetricValues,
    ScoredSample,
    SoftLabel,
    Target,
    sampled_mask,
)

__all__ = [
    "PopulationLearner",
    "batches_of",
    "mean_weights",
    "measure_kl",
    "measure_samples",
    "policy_targets",
    "spread",
]

_TYPICAL_LENGTH = 32.0
"""Tokens that a completion's sum is divided by.

A constant, as in Dr. GRPO (Liu et al. 2025): dividing by each length would favour long wrong answers.
"""


_IMITATION = PolicyGradientConfig()
"""With positive weights the policy gradient's loss is the cross-entropy of supervised finetuning."""


@dataclass(frozen=True)
class PopulationLearner:
    """Updates every agent's adapter in shared batches; agents never share a gradient."""

    backend: Backend
    policy_lr: float
    sft_lr: float
    batch_size: int
    """Examples of one agent in one supervised step."""
    loss: PartConfig = field(default_factory=PolicyGradientConfig)
    """Of the policy update. Demonstrations are imitated by the policy gradient with weight 1."""
    epochs: int = 1
    """Passes over the sampled completions; more than one needs a clipped loss."""
    measures_kl: bool = False
    """Whether completions are scored by the base too, for the metric ``kl/base``."""
    base_kl_weight: float = 0.0
    """Weight of KL(agent | base) at every token of the supervised steps."""
    weight_decay: float = 0.0
    """Of adapters, in every step; see `TrainStep`."""
    purpose: str = "imitation"
    """What the ledger books the supervised steps under."""
    notify: Callable[[str, int], None] | None = None
    """Called after every step with its purpose and its tokens."""

    def update(
        self,
        samples: Sequence[ScoredSample],
        examples: Sequence[Example],
        labelled: Sequence[Target] = (),
    ) -> MetricValues:
        """Train on one round; returns the metrics of the update.

        Labelled targets are spread over the supervised steps.

        Steps whose gradient was not finite, or absurdly large, are skipped and counted.
        """
        metrics: dict[str | MetricKey, float] = {
            "samples/policy": len(samples),
            "samples/sft": len(examples),
        }
        skipped: Counter[MetricKey] = Counter()

        if samples:
            metrics.update(measure_samples(samples))
            targets = policy_targets(samples)
            if self.measures_kl or needs_reference(self.loss.build()):
                targets = self._score_by_base(targets)
                metrics.update(measure_kl(targets))

            # Log-probabilities under the sampling weights are kept in the targets: from the second
            # epoch on they are what the ratios of a clipped loss compare with.
            for _ in range(self.epochs):
                gradients = self._step(targets, self.loss, self.policy_lr, "policy")
                skipped.update(_name_skipped(gradients, "policy"))
            # Of the last epoch: in the first one nothing can be clipped.
            finite = _finite_gradients(gradients)
            metrics.update(_measure_gradients(finite, "policy"))
            metrics.update(_measure_clipping(finite))
            metrics.update(_measure_noise(finite))

        supervised = [self.backend.target(example) for example in examples]
        if labelled:
            metrics["samples/labelled"] = len(labelled)
            supervised = spread(supervised, labelled)
        if self.base_kl_weight:
            supervised = self._label_by_base(supervised)
        for batch in batches_of(supervised, self.batch_size):
            targets = mean_weights(batch)
            gradients = self._step(targets, _IMITATION, self.sft_lr, self.purpose)
            skipped.update(_name_skipped(gradients, self.purpose))
            finite = _finite_gradients(gradients)
            metrics.update(_measure_gradients(finite, self.purpose))
            if divergences := [g.divergence for g in finite if g.divergence]:
                metrics[f"divergence/{self.purpose}"] = fmean(divergences)

        metrics["nonfinite_steps"] = skipped.total()
        metrics.update({key: float(count) for key, count in skipped.items()})
        return metrics

    def _step(
        self, targets: Sequence[Target], loss: PartConfig, lr: float, purpose: str
    ) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent that has targets."""
        rates = {target.agent: lr for target in targets}
        step = TrainStep(targets, loss, rates, purpose, self.weight_decay)
        gradients = self.backend.train(step)
        if self.notify:
            self.notify(purpose, sum(len(t.prompt_tokens) + len(t.tokens) for t in targets))
        return gradients

    def _score_by_base(self, targets: Sequence[Target]) -> list[Target]:
        """The targets with their log-probabilities under the base, the reference of this field."""
        as_base = [target._replace(agent=BASE) for target in targets]
        logprobs = self.backend.logprobs(as_base, "kl")
        scored = []
        for target, ref_logprobs in zip(targets, logprobs, strict=True):
            scored.append(target._replace(ref_logprobs=ref_logprobs))
        return scored

    def _label_by_base(self, targets: Sequence[Target]) -> list[Target]:
        """The targets with the base's label, which they are pulled to over the whole vocabulary."""
        labels = self.backend.label(
            [t._replace(agent=BASE, labels=()) for t in targets], "kl"
        )
        labelled = []
        for target, label in zip(targets, labels, strict=True):
            if label is not None:
                soft = SoftLabel(label, self.base_kl_weight, "reverse_kl")
                target = target._replace(labels=(*target.labels, soft))
            labelled.append(target)
        return labelled


def measure_samples(samples: Sequence[ScoredSample]) -> dict[str, float]:
    """Mean length of the sampled completions, and the policy's entropy at their tokens.

    The entropy is the Monte Carlo estimate, minus the mean log-probability of the sampled tokens, in
    nats. It is unbiased at temperature 1.
    """
    lengths = []
    surprises = []
    for _, completion, _ in samples:
        lengths.append(len(completion.tokens))
        # tokens that a tool or a grammar forced say nothing about the policy
        mask = sampled_mask(completion.sampled, len(completion.logprobs))
        surprises += [-logprob for logprob in compress(completion.logprobs, mask)]

    metrics = {"response_length": fmean(lengths)}
    if surprises:
        metrics["entropy"] = fmean(surprises)
    return metrics


def measure_kl(targets: Sequence[Target]) -> dict[str, float]:
    """The KL divergence of the sampling policy from the base, in nats per sampled token.

    Schulman's estimator k3 = r - 1 - log r with r = p_base / p_policy (2020, "Approximating KL
    divergence"): unbiased, never negative, and of less variance than -log r.
    """
    terms: list[float] = []
    for target in targets:
        counts = sampled_mask(target.sampled, len(target.tokens))
        logprobs = zip(target.logprobs, target.ref_logprobs, counts, strict=True)
        for logprob, ref_logprob, is_sampled in logprobs:
            if is_sampled:
                log_ratio = ref_logprob - logprob
                terms.append(expm1(log_ratio) - log_ratio)
    return {"kl/base": fmean(terms)} if terms else {}


def policy_targets(samples: Sequence[ScoredSample]) -> list[Target]:
    """Targets of the policy update, weighted by advantage.

    The sum over an agent's completions becomes a mean over them, and tokens are divided by a
    constant length (Dr. GRPO).
    """
    # 1/N sum over completions of A / L * sum over tokens of log p: every token of every completion
    # weighs A / (N L), with L the same for all
    counts = Counter(sample.agent for sample in samples)
    targets = []
    for agent, completion, advantage in samples:
        divisor = counts[agent] * _TYPICAL_LENGTH
        target = Target(
            agent=agent,
            prompt_tokens=completion.prompt_tokens,
            tokens=completion.tokens,
            weight=advantage / divisor,
            logprobs=completion.logprobs,
            sampled=completion.sampled,
            grammar=completion.grammar,
            scale=1 / divisor,
        )
        targets.append(target)
    return targets


def mean_weights(targets: Sequence[Target]) -> list[Target]:
    """Weights divided by the number of the agent's tokens: the loss becomes a weighted mean."""
    # by the agent's own tokens: what others are trained on in the batch does not change its step
    num_tokens: Counter[AgentId] = Counter()
    for target in targets:
        num_tokens[target.agent] += sum(sampled_mask(target.sampled, len(target.tokens)))

    weighted = []
    for target in targets:
        divisor = max(1, num_tokens[target.agent])
        labels = tuple(
            soft._replace(weight=soft.weight / divisor) for soft in target.labels
        )
        weighted.append(target._replace(weight=target.weight / divisor, labels=labels))
    return weighted


def spread(targets: Sequence[Target], labelled: Sequence[Target]) -> list[Target]:
    """Both, evenly mixed for every agent; the order within each stays."""
    placed: list[tuple[float, Target]] = []
    for sequence in (targets, labelled):
        counts = Counter(target.agent for target in sequence)
        numbers: Counter[AgentId] = Counter()
        for target in sequence:
            numbers[target.agent] += 1
            placed.append(((numbers[target.agent] - 0.5) / counts[target.agent], target))
    return [target for _, target in sorted(placed, key=itemgetter(0))]


def batches_of(targets: Sequence[Target], batch_size: int) -> list[list[Target]]:
    """Batches with up to `batch_size` targets of every agent, each agent's in the given order."""
    queues: dict[AgentId, list[Target]] = {}
    for target in targets:
        queues.setdefault(target.agent, []).append(target)

    # agents in step: the k'th batch holds the k'th examples of everybody, and the last ones only
    # those of agents that have more
    batches = []
    longest = max(map(len, queues.values()), default=0)
    for start in range(0, longest, batch_size):
        batch: list[Target] = []
        for queue in queues.values():
            batch += queue[start : start + batch_size]
        batches.append(batch)
    return batches


def _name_skipped(gradients: Mapping[AgentId, Gradient], purpose: str) -> list[MetricKey]:
    """The metrics that count the skipped steps, one per agent."""
    keys = []
    for agent, gradient in gradients.items():
        if not isfinite(gradient.norm):
            keys.append(MetricKey(f"nonfinite_steps/{purpose}", agent))
    return keys


def _finite_gradients(gradients: Mapping[AgentId, Gradient]) -> list[Gradient]:
    """Those of the agents whose step was made."""
    return [gradient for gradient in gradients.values() if isfinite(gradient.norm)]


def _measure_gradients(finite: Sequence[Gradient], purpose: str) -> dict[str, float]:
    """Mean loss and gradient norm; nothing where no step was made."""
    if not finite:
        return {}
    return {
        f"loss/{purpose}": fmean(gradient.loss for gradient in finite),
        f"grad_norm/{purpose}": fmean(gradient.norm for gradient in finite),
    }


def _measure_clipping(finite: Sequence[Gradient]) -> dict[str, float]:
    """Share of the tokens whose gradient the loss clipped, mean over the agents."""
    if not finite:
        return {}
    return {"clip_fraction": fmean(gradient.clip_fraction for gradient in finite)}


def _measure_noise(finite: Sequence[Gradient]) -> dict[str, float]:
    """How much of the squared gradient norm is chance, and how much is not.

    Means over the agents whose noise is known (McCandlish et al. 2018, gradient noise scale).
    """
    # |E g|^2 = E |g|^2 - E |g - E g|^2; one step's estimate may be negative, which says nothing
    signals = []
    noises = []
    for gradient in finite:
        if isfinite(gradient.noise):
            signals.append(max(0.0, gradient.norm**2 - gradient.noise))
            noises.append(gradient.noise)
    if not noises:
        return {}
    return {"grad_noise/policy": fmean(noises), "grad_signal/policy": fmean(signals)}
