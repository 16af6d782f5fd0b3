"""From the texts of a round to labelled targets: gate, allocation, attempts to sample, labels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from docendo.labels.texts import Text, headroom
from docendo.records import (
    AgentId,
    Divergence,
    Example,
    Label,
    Lesson,
    Rollout,
    SoftLabel,
    Target,
)
from docendo.school import Round, School
from docendo.seeds import seed_for
from docendo.teaching.classroom import RolloutSpec

__all__ = ["Distillation", "FindTexts", "Labeller"]

_PURPOSE = "label"
"""What the ledger books labels under, with the answers that are sampled for them."""
_PROBES = 4.0
"""Answers that the gate wants to know of a reader at a task type, after decay; while it knows fewer,
one is sampled in each round."""

_Completed = tuple[Text, Rollout]


class Labeller(Protocol):
    """Who labels: the backend, or an endpoint."""

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        """As `docendo.backend.Backend.label`."""
        ...


FindTexts = Callable[[School, Round, int], Iterable[Text]]
"""From a school, what was played in a round, and a seed to the texts that may be labelled."""


@dataclass(frozen=True)
class Distillation:
    """Chooses texts of a round, has them labelled, and makes targets of them."""

    find: FindTexts
    share: float
    """Of the divergence in the loss; the rest is imitation, of right texts alone."""
    divergence: Divergence
    texts: int
    """Of each agent and round, at most."""
    gate: bool
    """Whether only texts count whose labeller is better than their student."""
    by_headroom: bool
    """Whether domains are drawn by headroom; else uniformly."""
    endpoints: Mapping[AgentId, Labeller] = field(default_factory=dict)
    """Labellers besides the backend's agents."""

    def __call__(self, school: School, played: Round, seed: int) -> list[Target]:
        """The labelled targets of all agents."""
        labellers = {*school.backend.agents, *self.endpoints}
        found = self.find(school, played, seed_for(seed, "find"))
        texts = [text for text in found if text.labeller in labellers]
        if self.gate:
            _probe_readers(school, texts, played.index, seed_for(seed, "probe"))

        chosen = []
        for student in sorted(school.learners):
            own = [text for text in texts if text.student == student]
            chosen += self._choose(school, own, Random(seed_for(seed, "choose", student)))
        completed = _complete(school, chosen, played.index, seed_for(seed, "attempts"))
        return self._label(school, completed)

    def _choose(self, school: School, texts: Sequence[Text], rng: Random) -> list[Text]:
        """Up to so many texts: again and again a domain is drawn, then one of its texts."""
        by_domain: dict[str, list[Text]] = {}
        headrooms: dict[str, list[float]] = {}
        for text in rng.sample(texts, len(texts)):
            room = headroom(school, text)
            if room > 0 or not self.gate:
                by_domain.setdefault(text.problem.domain, []).append(text)
                headrooms.setdefault(text.problem.domain, []).append(max(0.0, room))

        weights = dict.fromkeys(by_domain, 1.0)
        if self.by_headroom:
            weights = {
                domain: sum(rooms) / len(rooms) for domain, rooms in headrooms.items()
            }
        for stack in by_domain.values():
            # what exists is taken before what is still to be sampled
            stack.sort(key=lambda text: text.rollout is not None)

        chosen: list[Text] = []
        while len(chosen) < self.texts:
            domains = [
                domain for domain in by_domain if by_domain[domain] and weights[domain]
            ]
            if not domains:
                break
            (domain,) = rng.choices(domains, [weights[domain] for domain in domains])
            chosen.append(by_domain[domain].pop())
        return chosen

    def _label(self, school: School, completed: Sequence[_Completed]) -> list[Target]:
        """One target for each text that its labeller can read."""
        targets = []
        for endpoint in (None, *self.endpoints):
            texts = [
                (text, rollout)
                for text, rollout in completed
                if endpoint == (text.labeller if text.labeller in self.endpoints else None)
            ]
            own = [_target_of(school, entry, entry[0].student, None) for entry in texts]
            read = []
            for entry, target in zip(texts, own, strict=True):
                text, _ = entry
                reading = _target_of(school, entry, text.labeller, text.lesson)
                # the same tokens for both, whatever stands before them
                read.append(reading._replace(tokens=target.tokens, sampled=target.sampled))

            labeller = self.endpoints[endpoint] if endpoint else school.backend
            labels = labeller.label(read, _PURPOSE)
            for (_, rollout), target, label in zip(texts, own, labels, strict=True):
                if label is not None:
                    targets.append(self._pull(target, label, rollout))
        return targets

    def _pull(self, target: Target, label: Label, rollout: Rollout) -> Target:
        # an attempt of one's own may be wrong: then its label alone says where to go
        is_right = rollout.verdict.score >= 1
        soft = SoftLabel(label, self.share, self.divergence)
        return target._replace(weight=(1 - self.share) * is_right, labels=(soft,))


def _probe_readers(
    school: School, texts: Sequence[Text], round_index: int, seed: int
) -> None:
    """One answer of each reader at each task type where little is known of it."""
    standings = school.league.standings
    specs: dict[tuple[AgentId, object], RolloutSpec] = {}
    for text in texts:
        reader, task_type = text.labeller, text.problem.task_type
        if text.lesson is None or (reader, task_type) in specs:
            continue
        known = standings.rates_after_lesson([reader], [task_type]).evidence_N[0]
        if known < _PROBES:
            probe_seed = seed_for(seed, reader, str(task_type))
            specs[reader, task_type] = RolloutSpec(
                reader, text.problem, text.lesson, _PURPOSE, probe_seed
            )

    scores = []
    for spec, answer in _roll_out(school, list(specs.values())):
        scores.append((spec.agent, spec.problem.task_type, answer.verdict.score))
    standings.record_after_lesson(scores, round_index)


def _complete(
    school: School, texts: Sequence[Text], round_index: int, seed: int
) -> list[_Completed]:
    """The texts with their answers; those that do not exist are sampled, graded and recorded."""
    specs = []
    for i, text in enumerate(texts):
        if text.rollout is None:
            attempt_seed = seed_for(seed, i)
            specs.append(
                RolloutSpec(text.student, text.problem, None, _PURPOSE, attempt_seed)
            )

    sampled = _roll_out(school, specs)
    scores = []
    for spec, attempt in sampled:
        scores.append((spec.agent, spec.problem.task_type, attempt.verdict.score))
    school.league.standings.record_practice(scores, round_index)
    attempts = iter(sampled)
    return [(text, text.rollout or next(attempts)[1]) for text in texts]


def _roll_out(
    school: School, specs: Sequence[RolloutSpec]
) -> list[tuple[RolloutSpec, Rollout]]:
    room = school.classroom
    rollouts = room.roll_out(specs, room.rules.temperature) if specs else []
    return list(zip(specs, rollouts, strict=True))


def _target_of(
    school: School, completed: _Completed, agent: AgentId, lesson: Lesson | None
) -> Target:
    """The answer after what `agent` reads, in the tokens in which it was sampled, if it was."""
    text, (completion, _) = completed
    spec = RolloutSpec(agent, text.problem, lesson, _PURPOSE, 0)
    messages = school.classroom.prompt(spec)
    target = school.backend.target(Example(agent, messages, completion.written))
    if completion.tokens:
        # its text, encoded again, may have other tokens
        return target._replace(tokens=completion.tokens, sampled=completion.sampled)
    return target
