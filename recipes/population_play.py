"""Small softmax policies learn games with known equilibria through the league's own code.

A `Chooser` picks opponents from `LiveStandings`, and `Population` keeps frozen copies. Only the agent is
small: a table of logits instead of a language model, trained by the exact policy gradient.

Axes: S states, A actions, N members.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from docendo.games.matrix import Game, exploitability, mixture, payoffs
from docendo.interfaces import FloatArray
from docendo.league.matchmaking import (
    Among,
    Chooser,
    Mixture,
    NashMixture,
    PrioritizedSelfPlay,
    SelfPlay,
    Uniform,
    hard,
)
from docendo.league.population import Population
from docendo.league.snapshot_rules import EveryRounds, SnapshotRule
from docendo.league.standings import LiveStandings
from docendo.records import AgentId, is_frozen_copy
from docendo.seeds import seed_for

__all__ = [
    "Method",
    "PolicyGradient",
    "RoundResult",
    "fictitious_play",
    "prioritized_play",
    "psro",
    "self_play",
    "softmax",
    "train",
]

_LEARNER = AgentId("learner")


def softmax(logits_SA: FloatArray) -> FloatArray:
    """Probabilities, (S, A)."""
    weights_SA = np.exp(logits_SA - logits_SA.max(axis=-1, keepdims=True))
    return np.asarray(weights_SA / weights_SA.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class PolicyGradient:
    """Steps of policy gradient against one fixed opponent."""

    rate: float = 5.0
    steps: int = 50

    def __call__(
        self, game: Game, logits_SA: FloatArray, against_SA: FloatArray
    ) -> FloatArray:
        """The logits after the steps, (S, A). Each adds `rate` times the advantages.

        This is the natural gradient (Kakade 2001) of a softmax table. The plain gradient multiplies
        every advantage by the action's probability, so that a rare action is hardly learned.
        """
        for _ in range(self.steps):
            policy_SA = softmax(logits_SA)
            values_SA = game.values(policy_SA, against_SA)
            logits_SA = logits_SA + self.rate * (
                values_SA - (policy_SA * values_SA).sum(axis=1, keepdims=True)
            )
        return logits_SA


@dataclass(frozen=True)
class Method:
    """How a population learns a game: opponents, where the learner starts, and which copies are kept."""

    chooser: Chooser
    """Chooses the learner's opponents among itself and its frozen copies."""
    fresh: bool = True
    """Whether the learner starts from new weights in every round, as the oracles of PSRO do."""
    learn: PolicyGradient = PolicyGradient()
    rule: SnapshotRule = field(default_factory=lambda: EveryRounds(1))
    decay: float = 1.0
    """Factor on the standings' evidence per round."""


def self_play() -> Method:
    """Naive self-play: the opponent is the learner's current policy."""
    return Method(SelfPlay(), fresh=False)


def fictitious_play() -> Method:
    """Fictitious self-play (Heinrich et al. 2015): all frozen copies are opponents equally often."""
    return Method(Among(is_frozen_copy, Uniform()))


def prioritized_play() -> Method:
    """The same, with half of the games against copies that are hard to beat (Vinyals et al. 2019)."""
    return Method(
        Mixture(
            (
                (0.5, Among(is_frozen_copy, Uniform())),
                (0.5, Among(is_frozen_copy, PrioritizedSelfPlay(hard, floor=0.1))),
            )
        ),
        decay=0.5,
    )


def psro() -> Method:
    """Policy-space response oracles (Lanctot et al. 2017): opponents by the copies' equilibrium."""
    return Method(Among(is_frozen_copy, NashMixture(floor=0.0)))


class RoundResult(NamedTuple):
    """One round: three policies, and the exploitability of each."""

    round: int
    latest_SA: FloatArray
    """The learner's policy."""
    mean_SA: FloatArray
    """The uniform mixture of all frozen copies."""
    chosen_SA: FloatArray
    """The mixture of opponents in this round; for `psro` it is the answer."""
    latest: float
    mean: float
    chosen: float


def train(game: Game, method: Method, rounds: int, seed: int = 0) -> Iterator[RoundResult]:
    """Yield the results of rounds 1 to `rounds`.

    The standings get the mean score of each pair, so only learning is noisy.
    """
    rng = np.random.default_rng(seed_for(seed, "academy", game.name))
    shape = game.opening_S.size, game.actions
    standings = LiveStandings(method.decay)
    population = Population(method.rule, max_snapshots=rounds, reference_copies=True)
    population.add_founders([_LEARNER])
    logits_SA = rng.normal(size=shape)
    policies = {_LEARNER: softmax(logits_SA)}
    policies |= {birth.name: policies[_LEARNER] for birth in population.start_teaching(0)}

    for index in range(1, rounds + 1):
        chances_N = method.chooser(
            standings.opponents_of(_LEARNER, list(policies), game.name), rng
        )
        chosen_SA = mixture(game, list(policies.values()), chances_N)

        start_SA = rng.normal(size=shape) if method.fresh else logits_SA
        logits_SA = method.learn(game, start_SA, chosen_SA)
        policies[_LEARNER] = softmax(logits_SA)

        scores = _scores(game, policies)
        standings.record_games(
            [(_LEARNER, name, score) for name, score in scores.items()], game.name, index
        )
        for birth in population.renew(index, standings, seed)[0]:
            policies[birth.name] = policies[_LEARNER]
            standings.record_games(
                [(birth.name, name, score) for name, score in scores.items()],
                game.name,
                index,
            )

        yield _evaluate_round(game, index, policies, chosen_SA)


def _scores(game: Game, policies: dict[AgentId, FloatArray]) -> dict[AgentId, float]:
    """The learner's mean score, in [0, 1], against each frozen copy."""
    past = {name: policy for name, policy in policies.items() if is_frozen_copy(name)}
    scores_N = (
        1 + payoffs(game, policies[_LEARNER], list(past.values())) / game.stakes
    ) / 2
    return dict(zip(past, scores_N.tolist(), strict=True))


def _evaluate_round(
    game: Game, index: int, policies: dict[AgentId, FloatArray], chosen_SA: FloatArray
) -> RoundResult:
    copies = [policy for name, policy in policies.items() if is_frozen_copy(name)]
    mean_SA = mixture(game, copies, np.full(len(copies), 1 / len(copies)))
    latest_SA = policies[_LEARNER]
    answers = latest_SA, mean_SA, chosen_SA
    return RoundResult(
        index, *answers, *(exploitability(game, policy_SA) for policy_SA in answers)
    )
