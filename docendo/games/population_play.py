"""The league checked on games with known answers: small softmax policies learn them through the league's own code.

Who is met is chosen by a `Choice` from `LiveStandings`; the past is what `Population` keeps of it. Only the agent is
small: a table of logits in place of a language model, trained by the exact policy gradient.

Axes: S states, A actions, N members.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from docendo.games.matrix import Array, Game, exploitability, mixture, payoffs
from docendo.league.matchmaking import (
    Among,
    Chooser,
    Mixture,
    NashMix,
    Prioritized,
    Self,
    Uniform,
)
from docendo.league.population import EveryRounds, Population, SnapshotRule, frozen
from docendo.league.standings import LiveStandings
from docendo.records import AgentId
from docendo.seeds import seed_for

__all__ = [
    "Academy",
    "Climb",
    "Stage",
    "fictitious_play",
    "prioritized_play",
    "psro",
    "self_play",
    "softmax",
    "train",
]

_LEARNER = AgentId("learner")


def softmax(logits_SA: Array) -> Array:
    """Probabilities, (S, A)."""
    weights_SA = np.exp(logits_SA - logits_SA.max(axis=-1, keepdims=True))
    return np.asarray(weights_SA / weights_SA.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Climb:
    """Steps of policy gradient against one opponent that stands still."""

    rate: float = 5.0
    steps: int = 50

    def __call__(self, game: Game, logits_SA: Array, against_SA: Array) -> Array:
        """The logits after the steps, (S, A). Each adds `rate` times the advantages.

        That is the natural gradient (Kakade 2001) of a softmax table: the plain one would multiply every advantage by
        the action's own probability, and what is never done would never be learned.
        """
        for _ in range(self.steps):
            policy_SA = softmax(logits_SA)
            values_SA = game.values(policy_SA, against_SA)
            logits_SA = logits_SA + self.rate * (
                values_SA - (policy_SA * values_SA).sum(axis=1, keepdims=True)
            )
        return logits_SA


@dataclass(frozen=True)
class Academy:
    """How a population learns a game."""

    choice: Chooser
    """Of the learner's opponents among itself and its frozen copies."""
    fresh: bool = True
    """Whether the learner starts anew in every round, as the oracles of PSRO do, or goes on from what it is."""
    learn: Climb = Climb()
    rule: SnapshotRule = field(default_factory=lambda: EveryRounds(1))
    decay: float = 1.0
    """Of the standings."""


def self_play() -> Academy:
    """Naive self-play: the opponent is the learner itself as it is now."""
    return Academy(Self(), fresh=False)


def fictitious_play() -> Academy:
    """Fictitious self-play (Heinrich et al. 2015): the opponents are all copies of the past alike."""
    return Academy(Among(frozen, Uniform()))


def prioritized_play() -> Academy:
    """The same, half of the games against those copies that the last learner seldom beat (Vinyals et al. 2019)."""
    return Academy(
        Mixture(((0.5, Among(frozen, Uniform())), (0.5, Among(frozen, Prioritized())))),
        decay=0.5,
    )


def psro() -> Academy:
    """Policy-space response oracles (Lanctot et al. 2017): the opponents are the equilibrium of the copies' payoffs."""
    return Academy(Among(frozen, NashMix()))


class Stage(NamedTuple):
    """One round: three policies, and what a best response would get from each."""

    round: int
    latest_SA: Array
    """The learner's."""
    mean_SA: Array
    """The mixture of all that the population has kept."""
    chosen_SA: Array
    """The mixture of opponents that the choice made for this round: of `psro`, its answer."""
    latest: float
    mean: float
    chosen: float


def train(game: Game, academy: Academy, rounds: int, seed: int = 0) -> Iterator[Stage]:
    """The stages of rounds 1 to `rounds`. A result is the mean score of a pair, so that only the learning is noisy."""
    rng = np.random.default_rng(seed_for(seed, "academy", game.name))
    shape = game.opening_S.size, game.actions
    standings = LiveStandings(academy.decay)
    population = Population(academy.rule, kept=rounds, anchored=True)
    population.found([_LEARNER])
    logits_SA = rng.normal(size=shape)
    policies = {_LEARNER: softmax(logits_SA)}
    policies |= {birth.name: policies[_LEARNER] for birth in population.open(0)}
    for index in range(1, rounds + 1):
        chances_N = academy.choice(
            standings.opponents_of(_LEARNER, list(policies), game.name), rng
        )
        chosen_SA = mixture(game, list(policies.values()), chances_N)
        start_SA = rng.normal(size=shape) if academy.fresh else logits_SA
        logits_SA = academy.learn(game, start_SA, chosen_SA)
        policies[_LEARNER] = softmax(logits_SA)
        scores = _scores(game, policies)
        standings.results(
            [(_LEARNER, name, score) for name, score in scores.items()], game.name, index
        )
        for birth in population.renew(index, standings, seed)[0]:
            policies[birth.name] = policies[_LEARNER]
            standings.results(
                [(birth.name, name, score) for name, score in scores.items()],
                game.name,
                index,
            )
        yield _stage(game, index, policies, chosen_SA)


def _scores(game: Game, policies: dict[AgentId, Array]) -> dict[AgentId, float]:
    """The learner's mean score, in [0, 1], against each copy of the past."""
    past = {name: policy for name, policy in policies.items() if frozen(name)}
    scores_N = (
        1 + payoffs(game, policies[_LEARNER], list(past.values())) / game.stakes
    ) / 2
    return dict(zip(past, scores_N.tolist(), strict=True))


def _stage(
    game: Game, index: int, policies: dict[AgentId, Array], chosen_SA: Array
) -> Stage:
    copies = [policy for name, policy in policies.items() if frozen(name)]
    mean_SA = mixture(game, copies, np.full(len(copies), 1 / len(copies)))
    latest_SA = policies[_LEARNER]
    answers = latest_SA, mean_SA, chosen_SA
    return Stage(
        index, *answers, *(exploitability(game, policy_SA) for policy_SA in answers)
    )
