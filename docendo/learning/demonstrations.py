"""Which examples are worth imitating, and a notebook to study them from more than once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from docendo.learning.groups import Practice
from docendo.records import AgentId, Episode, Problem, TaskType, problem_of

__all__ = [
    "Demonstration",
    "DemonstrationBuffer",
    "collect_lesson_demonstrations",
    "collect_practice_demonstrations",
]

Demonstration = tuple[Problem, str]
"""A problem and a right worked solution of it, in the words of an agent."""


def collect_lesson_demonstrations(
    episodes: Sequence[Episode], listeners: Mapping[str, Sequence[AgentId]] | None = None
) -> list[tuple[AgentId, Demonstration]]:
    """What each student may imitate: the right lessons that did not lower its score, and its own right attempts where a
    lesson raised it. They are imitated without the lesson in the prompt, so that what the lesson
    brought moves into the weights.

    `listeners` are agents, by domain, that write down every such lesson even when it was given to somebody else.
    """
    found: list[tuple[AgentId, Demonstration]] = []
    for e in episodes:
        gain = e.gain
        if gain is None or gain < 0:
            continue
        right = e.lesson.passed  # without a gate wrong ones are shown too
        readers = (
            dict.fromkeys([e.match.student, *(listeners or {}).get(e.match.domain, ())])
            if right
            else {}
        )
        found += [
            (reader, (problem, worked.completion.text))
            for reader in readers
            for problem, worked in zip(e.lesson.problems, e.lesson.examples, strict=True)
        ]
        solved = next((a for a in e.attempts if a.verdict.score >= 1), None)
        if solved and gain > 0:
            found.append((e.match.student, (e.test, solved.completion.text)))
    return found


def collect_practice_demonstrations(
    practice: Sequence[Practice], readers: Mapping[AgentId, Sequence[AgentId]]
) -> list[tuple[AgentId, Demonstration]]:
    """The first right answer to each problem that somebody practised, for those who read that agent's homework."""
    return [
        (reader, (p.problem, right.completion.text))
        for p in practice
        if (right := next((a for a in p.attempts if a.verdict.score >= 1), None))
        for reader in readers.get(p.agent, ())
    ]


@dataclass
class DemonstrationBuffer:
    """The newest useful examples of every agent and family; one solution per problem."""

    size: int = 200
    """Notes kept per agent and family; the oldest leave first."""
    notes: dict[AgentId, dict[str, dict[str, Demonstration]]] = field(default_factory=dict)
    """By agent, family (``domain/family``) and problem key."""

    def write(self, noted: Sequence[tuple[AgentId, Demonstration]]) -> None:
        for agent, (problem, text) in noted:
            page = self.notes.setdefault(agent, {}).setdefault(
                f"{problem.domain}/{problem.family}", {}
            )
            page.pop(problem.key, None)
            page[problem.key] = (problem, text)
            while len(page) > self.size:
                del page[next(iter(page))]

    def held(self, agent: AgentId) -> Counter[TaskType]:
        """How many notes the agent has of each kind."""
        return Counter(
            p.task_type
            for page in self.notes.get(agent, {}).values()
            for p, _ in page.values()
        )

    def kinds(
        self, agent: AgentId, among: Collection[TaskType] | None = None
    ) -> list[TaskType]:
        """All that the agent has notes of, among these if any are given."""
        return [kind for kind in self.held(agent) if among is None or kind in among]

    def study(
        self,
        agent: AgentId,
        count: int,
        seed: int,
        weights: Mapping[TaskType, float] | None = None,
        kinds: Collection[TaskType] | None = None,
    ) -> list[Demonstration]:
        """Up to `count` different notes, of these kinds if any are given, the newest half of a family twice as likely.

        Kinds by their weights, which are positive; families in turn where none are given.
        """
        rng = Random(seed)
        stacks = [self._shuffled(page, rng) for page in self.notes.get(agent, {}).values()]
        if kinds is not None:
            stacks = [
                [note for note in page if note[0].task_type in kinds] for page in stacks
            ]
        if weights is not None:
            return _weighed(
                [note for stack in stacks for note in stack], count, weights, rng
            )
        rng.shuffle(stacks)
        chosen: list[Demonstration] = []
        while stacks and len(chosen) < count:
            stacks = [s for s in stacks if s]
            chosen += [s.pop() for s in stacks[: count - len(chosen)]]
        return chosen

    def state(self) -> list[dict[str, Any]]:
        """JSON from which `restore` makes an equal object: one entry per note, the oldest of a family first."""
        return [
            {"agent": agent, "problem": asdict(problem), "text": text}
            for agent, families in self.notes.items()
            for page in families.values()
            for problem, text in page.values()
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        self.notes = {}
        self.write(
            [(AgentId(n["agent"]), (problem_of(n["problem"]), n["text"])) for n in state]
        )

    @staticmethod
    def _shuffled(page: Mapping[str, Demonstration], rng: Random) -> list[Demonstration]:
        notes = list(page.values())
        fresh = len(notes) // 2
        keys = [rng.random() ** (0.5 if i >= fresh else 1.0) for i in range(len(notes))]
        return [
            note
            for _, note in sorted(zip(keys, notes, strict=True), key=lambda pair: pair[0])
        ]


def _weighed(
    notes: Sequence[Demonstration],
    count: int,
    weights: Mapping[TaskType, float],
    rng: Random,
) -> list[Demonstration]:
    stacks: dict[TaskType, list[Demonstration]] = {}
    for note in notes:
        stacks.setdefault(note[0].task_type, []).append(note)
    chosen: list[Demonstration] = []
    while stacks and len(chosen) < count:
        (kind,) = rng.choices(list(stacks), [weights[k] for k in stacks])
        chosen.append(stacks[kind].pop())
        if not stacks[kind]:
            del stacks[kind]
    return chosen
