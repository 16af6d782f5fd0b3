"""Which answers are worth imitating, and a buffer to draw them from more than once."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from docendo.learning.groups import Practice
from docendo.records import (
    AgentId,
    Episode,
    Lesson,
    Problem,
    Rollout,
    TaskType,
    problem_of,
)

__all__ = [
    "Demonstration",
    "DemonstrationBuffer",
    "Imitable",
    "collect_lesson_demonstrations",
    "collect_practice_demonstrations",
    "find_right_solutions",
    "find_useful_lessons",
]

Demonstration = tuple[Problem, str]
"""A problem and a right worked solution of it, in the words of an agent."""


class Imitable(NamedTuple):
    """A right text, and an agent that may imitate it."""

    agent: AgentId
    author: AgentId
    problem: Problem
    rollout: Rollout
    lesson: Lesson | None = None
    """What the author had read before it."""

    @property
    def demonstration(self) -> Demonstration:
        return self.problem, self.rollout.completion.written


def find_useful_lessons(
    episodes: Iterable[Episode], recipients: Mapping[str, Sequence[AgentId]]
) -> Iterator[Imitable]:
    """What each student may imitate of its lessons.

    It may imitate right lessons that did not lower its score, and its own first right
    attempt where a lesson raised it. `recipients` are agents, by domain, that may imitate
    such lessons to others, too.
    """
    for episode in episodes:
        gain = episode.expected_gain
        if gain is None or gain < 0:
            continue
        teacher, student = episode.match.teacher, episode.match.student
        lesson = episode.lesson

        # without a gate the student sees wrong lessons, too
        if lesson.passed:
            listeners = recipients.get(episode.match.domain, ())
            for agent in dict.fromkeys([student, *listeners]):
                for problem, worked in zip(lesson.problems, lesson.examples, strict=True):
                    yield Imitable(agent, teacher, problem, worked)

        # Context distillation (Snell et al. 2022): it is trained on the test without the lesson
        # in the prompt, so that the weights take over what the lesson brought.
        right = _first_right(episode.attempts)
        if right and gain > 0:
            yield Imitable(student, student, episode.test, right, episode.shown)


def find_right_solutions(
    practice: Iterable[Practice], recipients: Mapping[AgentId, Sequence[AgentId]]
) -> Iterator[Imitable]:
    """The first right answer to each practice problem, for its author's recipients."""
    # Rejection-sampling finetuning (Yuan et al. 2023): the policy's own right answers are
    # training data. One answer of each problem, since the buffer holds no more.
    for author, problem, attempts in practice:
        right = _first_right(attempts)
        if right:
            for agent in recipients.get(author, ()):
                yield Imitable(agent, author, problem, right)


def collect_lesson_demonstrations(
    episodes: Sequence[Episode], recipients: Mapping[str, Sequence[AgentId]] | None = None
) -> list[tuple[AgentId, Demonstration]]:
    """The demonstrations of `find_useful_lessons`, by who may imitate them."""
    found = find_useful_lessons(episodes, recipients or {})
    return [(imitable.agent, imitable.demonstration) for imitable in found]


def collect_practice_demonstrations(
    practice: Sequence[Practice], recipients: Mapping[AgentId, Sequence[AgentId]]
) -> list[tuple[AgentId, Demonstration]]:
    """The demonstrations of `find_right_solutions`, by who may imitate them."""
    found = find_right_solutions(practice, recipients)
    return [(imitable.agent, imitable.demonstration) for imitable in found]


def _first_right(attempts: Sequence[Rollout]) -> Rollout | None:
    for attempt in attempts:
        if attempt.verdict.score >= 1:
            return attempt
    return None


@dataclass
class DemonstrationBuffer:
    """The newest demonstrations of every agent and family; one solution per problem."""

    size: int = 200
    """Capacity per agent and family; the oldest leave first."""
    demonstrations: dict[AgentId, dict[str, dict[str, Demonstration]]] = field(
        default_factory=dict
    )
    """By agent, family (``domain/family``) and problem key, the oldest first."""

    def add(self, demonstrations: Sequence[tuple[AgentId, Demonstration]]) -> None:
        """Stores them; a newer solution replaces an older one of the same problem."""
        for agent, (problem, text) in demonstrations:
            families = self.demonstrations.setdefault(agent, {})
            stored = families.setdefault(f"{problem.domain}/{problem.family}", {})
            # taken out first, so that the new solution is the newest in the order
            stored.pop(problem.key, None)
            stored[problem.key] = (problem, text)
            if len(stored) > self.size:
                del stored[next(iter(stored))]

    def count_by_task_type(self, agent: AgentId) -> Counter[TaskType]:
        """How many demonstrations of each task type the agent has."""
        counts: Counter[TaskType] = Counter()
        for stored in self.demonstrations.get(agent, {}).values():
            for problem, _ in stored.values():
                counts[problem.task_type] += 1
        return counts

    def task_types_of(
        self, agent: AgentId, among: Collection[TaskType] | None = None
    ) -> list[TaskType]:
        """The task types of the agent's demonstrations; only those in `among`, if set."""
        task_types = list(self.count_by_task_type(agent))
        return [t for t in task_types if among is None or t in among]

    def sample(
        self,
        agent: AgentId,
        count: int,
        seed: int,
        weights: Mapping[TaskType, float] | None = None,
        task_types: Collection[TaskType] | None = None,
    ) -> list[Demonstration]:
        """Up to `count` different demonstrations; only of `task_types`, if set.

        Task types are drawn by `weights`, which are positive; without weights, families
        take turns. The newer half of a family is favoured.
        """
        rng = Random(seed)
        stacks = []
        for stored in self.demonstrations.get(agent, {}).values():
            # shuffled before it is filtered: the random numbers do not depend on `task_types`
            shuffled = _shuffle_favouring_new(list(stored.values()), rng)
            if task_types is not None:
                shuffled = [d for d in shuffled if d[0].task_type in task_types]
            stacks.append(shuffled)

        if weights is not None:
            return _sample_by_weight(stacks, count, weights, rng)
        rng.shuffle(stacks)
        return _take_in_turn(stacks, count)

    def state(self) -> list[dict[str, Any]]:
        """JSON from which `restore` makes an equal buffer: one entry per demonstration."""
        # in the order of the buffer, which is that of its age
        entries = []
        for agent, families in self.demonstrations.items():
            for stored in families.values():
                for problem, text in stored.values():
                    entry = {"agent": agent, "problem": asdict(problem), "text": text}
                    entries.append(entry)
        return entries

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Replaces the contents by those of a `state`."""
        self.demonstrations = {}
        for entry in state:
            demonstration = problem_of(entry["problem"]), entry["text"]
            self.add([(AgentId(entry["agent"]), demonstration)])


def _shuffle_favouring_new(
    demonstrations: Sequence[Demonstration], rng: Random
) -> list[Demonstration]:
    """A random order; the newer half has twice the weight to come last, to be popped."""
    # Weighted sampling without replacement: the order of u ** (1 / weight), with u uniform in
    # [0, 1) (Efraimidis and Spirakis 2006, algorithm A).
    first_new = len(demonstrations) // 2
    keys = []
    for i in range(len(demonstrations)):
        weight = 2 if i >= first_new else 1
        keys.append(rng.random() ** (1 / weight))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [demonstrations[i] for i in order]


def _take_in_turn(stacks: Sequence[list[Demonstration]], count: int) -> list[Demonstration]:
    """Pops one from every stack in turn, up to `count`."""
    taken: list[Demonstration] = []
    while stacks and len(taken) < count:
        # the last round through the stacks may be cut short, hence the shuffle before
        stacks = list(filter(None, stacks))
        taken += [stack.pop() for stack in stacks[: count - len(taken)]]
    return taken


def _sample_by_weight(
    stacks: Sequence[Sequence[Demonstration]],
    count: int,
    weights: Mapping[TaskType, float],
    rng: Random,
) -> list[Demonstration]:
    """Draws a task type by weight, then pops one of its demonstrations, up to `count`."""
    by_task_type: dict[TaskType, list[Demonstration]] = {}
    for demonstration in chain.from_iterable(stacks):
        problem, _ = demonstration
        by_task_type.setdefault(problem.task_type, []).append(demonstration)

    drawn: list[Demonstration] = []
    while by_task_type and len(drawn) < count:
        task_types = list(by_task_type)
        (task_type,) = rng.choices(task_types, [weights[t] for t in task_types])
        drawn.append(by_task_type[task_type].pop())
        if not by_task_type[task_type]:
            del by_task_type[task_type]
    return drawn
