"""The teaching game: lessons first, then a problem nobody has seen, tried with each lesson and without.

Axes: M matches, K lessons per match, X worked examples per lesson, G attempts with a lesson, C control attempts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from docendo.errors import UserError
from docendo.interfaces import Deck, Engine, Evaluator, Source, Standings
from docendo.prompts import lesson_prompt, solve_prompt
from docendo.records import (
    AgentId,
    Answer,
    Completion,
    Episode,
    Lesson,
    Match,
    Message,
    Problem,
    Request,
    Rollout,
    TaskType,
    Verdict,
    base_agent,
    mean_score,
)
from docendo.seeds import seed_for
from docendo.tools.calls import Toolset, render_tool_calls

__all__ = ["Classroom", "RolloutSpec", "TeachingRules", "shrink_control"]


@dataclass(frozen=True)
class TeachingRules:
    lessons: int = 2
    """K, at least 2: a teacher's lessons are compared with each other."""
    examples: int = 1
    """X, 1 to 3."""
    attempts: int = 4
    controls: int = 4
    prior: float = 4.0
    """How many attempts the student's running rate counts for in the control estimate."""
    max_tokens: int = 64
    temperature: float = 1.0
    gate: bool = True
    """Whether a lesson that is wrong itself is not shown."""

    @property
    def answers(self) -> int:
        """What a match costs at the most, in completions."""
        return self.lessons * (self.examples + self.attempts) + self.controls

    def __post_init__(self) -> None:
        if (
            self.lessons < 2
            or self.attempts < 1
            or self.controls < 1
            or not 1 <= self.examples <= 3
        ):
            raise UserError(
                f"rules want 2 or more lessons, 1 to 3 examples, and attempts and controls; got {self}"
            )


@dataclass(frozen=True)
class RolloutSpec:
    """One answer that is wanted."""

    agent: AgentId
    problem: Problem
    lesson: Lesson | None
    purpose: str
    seed: int


@dataclass(frozen=True)
class Classroom:
    engine: Engine
    sources: Mapping[str, Source]
    evaluators: Mapping[str, Evaluator]
    """Both by domain."""
    rules: TeachingRules
    instructions: Mapping[AgentId, str]
    """The system prompt of each agent; copies of an agent have its own."""
    textbooks: frozenset[AgentId] = frozenset()
    """Hard-coded teachers, whose lessons are the problems' own worked solutions."""
    solved: Mapping[TaskType, Sequence[Problem]] = field(default_factory=dict)
    """All problems that have a worked solution, of the kinds where not every problem has one."""
    deck: Deck | None = None
    """Problems to be met again."""
    tools: Mapping[AgentId, Toolset] = field(default_factory=dict)
    """Of each agent that has any; copies of an agent have its own."""
    counters: Sequence[Callable[[], Mapping[str, float]]] = ()
    """What tools, evaluators and others counted since they were last asked."""

    def play(
        self, index: int, matches_M: Sequence[Match], standings: Standings, seed: int
    ) -> list[Episode]:
        """One episode per lesson, those of a match adjacent. `index` is the round."""
        lessons_MK = self.teach(matches_M, seed)
        set_M = self.set_tests(matches_M, lessons_MK, seed)
        tests_M, again_M = [test for test, _ in set_M], [again for _, again in set_M]
        control_M, attempts_MK = self.examine(matches_M, lessons_MK, tests_M, seed)
        episodes = []
        for m, match in enumerate(matches_M):
            rate, evidence = standings.unaided_rate(
                match.student, f"{match.domain}/{match.family}", match.level
            )
            again = again_M[m]  # a chosen problem: the rate of its kind says nothing of it
            expected = shrink_control(
                control_M[m], rate, 0.0 if again else min(evidence, self.rules.prior)
            )
            for lesson, attempts in zip(lessons_MK[m], attempts_MK[m], strict=True):
                episodes.append(
                    Episode(
                        index,
                        match,
                        tests_M[m],
                        lesson,
                        control_M[m],
                        attempts,
                        expected,
                        again,
                    )
                )
        return episodes

    def teach(self, matches_M: Sequence[Match], seed: int) -> list[list[Lesson]]:
        """K lessons for each match, all on the same X teaching problems."""
        r = self.rules
        problems_MX = [
            self._taught(m, seed_for(seed, "teaching", i)) for i, m in enumerate(matches_M)
        ]
        wanted = [
            RolloutSpec(
                match.teacher, problem, None, "lesson", seed_for(seed, "lesson", m, k, x)
            )
            for m, match in enumerate(matches_M)
            for k in range(r.lessons)
            for x, problem in enumerate(problems_MX[m])
        ]
        sampled = iter(
            self.attempt(
                [w for w in wanted if w.agent not in self.textbooks], r.temperature
            )
        )
        copied = iter(self._copied([w for w in wanted if w.agent in self.textbooks]))
        written = (next(copied if w.agent in self.textbooks else sampled) for w in wanted)
        return [
            [Lesson(ps, tuple(next(written) for _ in ps)) for _ in range(r.lessons)]
            for ps in problems_MX
        ]

    def _taught(self, match: Match, seed: int) -> tuple[Problem, ...]:
        """X teaching problems: a textbook's are among those that have a worked solution."""
        count, solved = self.rules.examples, self.solved.get(match.task_type)
        if solved and match.teacher in self.textbooks:
            return tuple(Random(seed).sample(solved, min(count, len(solved))))
        return tuple(
            self.sources[match.domain].draw(match.family, match.level, count, seed, "train")
        )

    def _copied(self, wanted: Sequence[RolloutSpec]) -> list[Rollout]:
        """What a textbook writes: the worked solution, the bare answer where there is none."""
        return self.judged(wanted, [Completion(w.problem.worked) for w in wanted])

    def set_tests(
        self, matches_M: Sequence[Match], lessons_MK: Sequence[Sequence[Lesson]], seed: int
    ) -> list[tuple[Problem, bool]]:
        """A test problem for each match, of the same family and level and with another key than its lessons' problems,
        and whether the student met it before.

        It takes the finished lessons so that it cannot be drawn before they are written.
        """
        return [
            self._test(match, lessons[0].problems, seed_for(seed, "test", m))
            for m, (match, lessons) in enumerate(zip(matches_M, lessons_MK, strict=True))
        ]

    def _test(
        self, match: Match, shown: Sequence[Problem], seed: int
    ) -> tuple[Problem, bool]:
        again = (
            self.deck.draw(match.student, match.task_type, shown, seed)
            if self.deck
            else None
        )
        if again:
            return again, True
        taught = {p.key for p in shown}
        drawn = self.sources[match.domain].draw(
            match.family, match.level, len(taught) + 1, seed, "train"
        )
        return next(p for p in drawn if p.key not in taught), False

    def examine(
        self,
        matches_M: Sequence[Match],
        lessons_MK: Sequence[Sequence[Lesson]],
        tests_M: Sequence[Problem],
        seed: int,
    ) -> tuple[list[tuple[Rollout, ...]], list[list[tuple[Rollout, ...]]]]:
        """Control attempts per match and attempts per lesson; none for a lesson that the gate stops."""
        r = self.rules
        plan: list[tuple[int, int | None]] = []
        wanted: list[RolloutSpec] = []
        for m, (match, test) in enumerate(zip(matches_M, tests_M, strict=True)):
            shown = [
                (k, lesson)
                for k, lesson in enumerate(lessons_MK[m])
                if lesson.passed or not r.gate
            ]
            for c in range(r.controls):
                plan.append((m, None))
                wanted.append(
                    RolloutSpec(
                        match.student,
                        test,
                        None,
                        "control",
                        seed_for(seed, "control", m, c),
                    )
                )
            for k, lesson in shown:
                for g in range(r.attempts):
                    plan.append((m, k))
                    wanted.append(
                        RolloutSpec(
                            match.student,
                            test,
                            lesson,
                            "attempt",
                            seed_for(seed, "attempt", m, k, g),
                        )
                    )
        groups: dict[tuple[int, int | None], list[Rollout]] = {}
        for place, attempt in zip(plan, self.attempt(wanted, r.temperature), strict=True):
            groups.setdefault(place, []).append(attempt)
        control = [tuple(groups[m, None]) for m in range(len(matches_M))]
        return control, [
            [tuple(groups.get((m, k), ())) for k in range(len(lessons))]
            for m, lessons in enumerate(lessons_MK)
        ]

    def attempt(self, wanted: Sequence[RolloutSpec], temperature: float) -> list[Rollout]:
        """One graded answer for each try, in order."""
        requests = [
            Request(
                w.agent,
                self.prompt(w),
                w.seed,
                self.rules.max_tokens,
                temperature,
                w.purpose,
            )
            for w in wanted
        ]
        return self.judged(wanted, self.engine.sample(requests))

    def judged(
        self, wanted: Sequence[RolloutSpec], completions: Sequence[Completion]
    ) -> list[Rollout]:
        """The completions with the verdicts of their domains' evaluators, in order."""
        verdicts: dict[int, Verdict] = {}
        for domain in dict.fromkeys(w.problem.domain for w in wanted):
            here = [i for i, w in enumerate(wanted) if w.problem.domain == domain]
            answers = [
                Answer(
                    wanted[i].problem, completions[i].text, wanted[i].agent, wanted[i].seed
                )
                for i in here
            ]
            verdicts |= zip(here, self.evaluators[domain](answers), strict=True)
        return [Rollout(c, verdicts[i]) for i, c in enumerate(completions)]

    def prompt(self, wanted: RolloutSpec) -> tuple[Message, ...]:
        """The conversation before the answer: the agent's instruction, the lesson's worked examples, the problem."""
        instruction, question = (
            self.instructions[base_agent(wanted.agent)],
            wanted.problem.prompt,
        )
        if wanted.lesson is None:
            return solve_prompt(question, instruction)
        lesson = wanted.lesson
        own = self.tools.get(base_agent(wanted.agent))
        pairs = zip(lesson.problems, lesson.examples, strict=True)
        shown = [
            (p.prompt, render_tool_calls(p.prompt, a.completion.text, own))
            for p, a in pairs
        ]
        return lesson_prompt(shown, question, instruction)


def shrink_control(control: Sequence[Rollout], rate: float, weight: float) -> float:
    """The expected score without a lesson: the controls' mean, drawn towards `rate` as if by `weight` more attempts."""
    return (mean_score(control) * len(control) + rate * weight) / (len(control) + weight)
