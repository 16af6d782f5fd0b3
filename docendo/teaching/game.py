"""The teaching game: lessons first, then a new problem, tried with each lesson and without.

Axes: M matches, K lessons per match, X worked examples per lesson.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random

from docendo.errors import UserError
from docendo.interfaces import Engine, Evaluator, Source, Standings
from docendo.league.problem_replay import ProblemReplay
from docendo.prompts import lesson_prompt, solve_prompt
from docendo.records import (
    AgentId,
    Answer,
    Completion,
    Episode,
    Lesson,
    Match,
    Message,
    MetricValues,
    Problem,
    Request,
    Rollout,
    TaskType,
    Verdict,
    base_agent,
)
from docendo.seeds import seed_for
from docendo.teaching.expected_score import (
    ControlEstimate,
    estimate_drifts,
    shrink_control,
)
from docendo.tools.calls import Toolset, render_tool_calls

__all__ = ["Classroom", "RolloutSpec", "TeachingRules"]

_Group = tuple[int, int | None]
"""A match and one of its lessons, by index; no lesson: the match's control."""
_Rollouts = dict[_Group, tuple[Rollout, ...]]


@dataclass(frozen=True)
class TeachingRules:
    """How many lessons and attempts a match has, and how they are sampled."""

    lessons: int
    """K, at least 2: a teacher's lessons are compared with each other."""
    examples: int
    """X, 1 to 3."""
    attempts: int
    """The student's attempts with each lesson."""
    control_attempts: int
    """The student's attempts without a lesson."""
    control_shrinkage: float
    """How many attempts the student's running rate counts for in the control estimate."""
    max_tokens: int
    temperature: float
    gate: bool
    """Whether a lesson that is itself wrong is withheld."""

    @property
    def answers(self) -> int:
        """The most completions that a match can cost."""
        return self.lessons * (self.examples + self.attempts) + self.control_attempts

    def __post_init__(self) -> None:
        has_attempts = self.attempts >= 1 and self.control_attempts >= 1
        if self.lessons < 2 or not 1 <= self.examples <= 3 or not has_attempts:
            raise UserError(
                "expected 2 or more lessons, 1 to 3 examples, and at least 1 attempt and"
                f" 1 control attempt; got {self}"
            )


@dataclass(frozen=True)
class RolloutSpec:
    """One answer to sample: who answers which problem, after which lesson."""

    agent: AgentId
    problem: Problem
    lesson: Lesson | None
    purpose: str
    seed: int
    group: _Group = (0, None)
    """Where the answer belongs among those sampled with it."""


@dataclass(frozen=True)
class Classroom:
    """Where answers are sampled and graded."""

    engine: Engine
    sources: Mapping[str, Source]
    evaluators: Mapping[str, Evaluator]
    """Both by domain."""
    rules: TeachingRules
    instructions: Mapping[AgentId, str]
    """The system prompt of each agent; copies of an agent share it."""
    oracles: frozenset[AgentId] = frozenset()
    """Hard-coded teachers, whose lessons are the problems' own worked solutions."""
    solved_problems: Mapping[TaskType, Sequence[Problem]] = field(default_factory=dict)
    """The problems with a worked solution, of task types where some problems have none."""
    problem_replay: ProblemReplay | None = None
    """Test problems to draw again."""
    tools: Mapping[AgentId, Toolset] = field(default_factory=dict)
    """By agent, if it has any; copies of an agent share them."""
    metric_sources: Sequence[Callable[[], MetricValues]] = ()
    """Each returns what a part, such as the tools, counted since the last call."""

    def play(
        self, round_index: int, matches_M: Sequence[Match], standings: Standings, seed: int
    ) -> list[Episode]:
        """One episode per lesson; those of a match are adjacent."""
        # Lessons before tests: no teacher can write for a test that does not exist yet.
        lessons_MK = self.write_lessons(matches_M, seed)
        tests_M = self.draw_tests(matches_M, lessons_MK, seed)
        problems_M = [test for test, _ in tests_M]
        rollouts = self.run_student(matches_M, lessons_MK, problems_M, seed)
        expected_M = self._expect_scores(matches_M, tests_M, rollouts, standings)

        episodes = []
        for m, match in enumerate(matches_M):
            test, is_replayed = tests_M[m]
            control = rollouts[m, None]
            for k, lesson in enumerate(lessons_MK[m]):
                episode = Episode(
                    round=round_index,
                    match=match,
                    test=test,
                    lesson=lesson,
                    control=control,
                    attempts=rollouts.get((m, k), ()),
                    expected=expected_M[m],
                    again=is_replayed,
                )
                episodes.append(episode)
        return episodes

    def _expect_scores(
        self,
        matches_M: Sequence[Match],
        tests_M: Sequence[tuple[Problem, bool]],
        rollouts: _Rollouts,
        standings: Standings,
    ) -> list[float]:
        """The students' expected scores at the tests without a lesson."""
        strength = self.rules.control_shrinkage
        estimates = []
        for m, match in enumerate(matches_M):
            subject = f"{match.domain}/{match.family}"
            rate, evidence = standings.unaided_rate(match.student, subject, match.level)
            # Replay selects by outcome: the task type's rate is biased for such a problem.
            _, is_replayed = tests_M[m]
            weight = 0.0 if is_replayed else min(evidence, strength)
            estimates.append(
                ControlEstimate(match.student, rollouts[m, None], rate, weight)
            )

        drifts = estimate_drifts(estimates, strength)
        return [
            shrink_control(
                estimate.control,
                rate=min(1.0, max(0.0, estimate.rate + drifts[estimate.student])),
                weight=estimate.weight,
            )
            for estimate in estimates
        ]

    def write_lessons(self, matches_M: Sequence[Match], seed: int) -> list[list[Lesson]]:
        """K lessons for each match, all on the same X teaching problems."""
        problems_MX = []
        sampled: list[RolloutSpec] = []
        copied: list[RolloutSpec] = []
        lessons_K = range(self.rules.lessons)
        for m, match in enumerate(matches_M):
            problems_X = self._draw_taught(match, seed_for(seed, "teaching", m))
            problems_MX.append(problems_X)
            specs = copied if match.teacher in self.oracles else sampled
            # all K lessons are about the same problems, so that only their text differs
            for k, (x, problem) in product(lessons_K, enumerate(problems_X)):
                spec_seed = seed_for(seed, "lesson", m, k, x)
                spec = RolloutSpec(
                    match.teacher, problem, None, "lesson", spec_seed, (m, k)
                )
                specs.append(spec)

        examples = _by_group(sampled, self.roll_out(sampled, self.rules.temperature))
        # an oracle's lessons are worked solutions, bare answers where there are none
        solutions = [Completion(spec.problem.worked) for spec in copied]
        examples |= _by_group(copied, self.grade(copied, solutions))

        lessons_MK = []
        for m, problems_X in enumerate(problems_MX):
            lessons_MK.append([Lesson(problems_X, examples[m, k]) for k in lessons_K])
        return lessons_MK

    def _draw_taught(self, match: Match, seed: int) -> tuple[Problem, ...]:
        """X teaching problems; an oracle's have a worked solution wherever any has."""
        count = self.rules.examples
        solved = self.solved_problems.get(match.task_type)
        if solved and match.teacher in self.oracles:
            return tuple(Random(seed).sample(solved, min(count, len(solved))))
        source = self.sources[match.domain]
        return tuple(source.draw(match.family, match.level, count, seed, "train"))

    def draw_tests(
        self, matches_M: Sequence[Match], lessons_MK: Sequence[Sequence[Lesson]], seed: int
    ) -> list[tuple[Problem, bool]]:
        """A test problem for each match, and whether the student met it before.

        It has the match's task type, and another key than the lessons' problems. The
        finished lessons are an argument so that no test can be drawn before them.
        """
        tests_M = []
        for m, match in enumerate(matches_M):
            taught = lessons_MK[m][0].problems
            tests_M.append(self._draw_test(match, taught, seed_for(seed, "test", m)))
        return tests_M

    def _draw_test(
        self, match: Match, taught: Sequence[Problem], seed: int
    ) -> tuple[Problem, bool]:
        if self.problem_replay:
            replayed = self.problem_replay.draw(
                match.student, match.task_type, taught, seed
            )
            if replayed:
                return replayed, True

        taught_keys = {problem.key for problem in taught}
        # drawn problems differ, so one more than there are keys always leaves a new one
        count = len(taught_keys) + 1
        source = self.sources[match.domain]
        drawn = source.draw(match.family, match.level, count, seed, "train")
        return next(problem for problem in drawn if problem.key not in taught_keys), False

    def run_student(
        self,
        matches_M: Sequence[Match],
        lessons_MK: Sequence[Sequence[Lesson]],
        tests_M: Sequence[Problem],
        seed: int,
    ) -> _Rollouts:
        """Rollouts by match and lesson, the controls under (match, None).

        A lesson that the gate withholds has no entry.
        """
        specs = []
        for m, (match, test) in enumerate(zip(matches_M, tests_M, strict=True)):
            student = match.student
            for c in range(self.rules.control_attempts):
                spec_seed = seed_for(seed, "control", m, c)
                specs.append(
                    RolloutSpec(student, test, None, "control", spec_seed, (m, None))
                )

            for k, lesson in enumerate(lessons_MK[m]):
                # The gate reads the verdicts on the teacher's own problems: a wrong lesson
                # costs no attempts, and no student imitates it.
                if self.rules.gate and not lesson.passed:
                    continue
                for g in range(self.rules.attempts):
                    spec_seed = seed_for(seed, "attempt", m, k, g)
                    spec = RolloutSpec(student, test, lesson, "attempt", spec_seed, (m, k))
                    specs.append(spec)
        # one batch, the longest part of a round: controls and attempts share the engine's slots
        return _by_group(specs, self.roll_out(specs, self.rules.temperature))

    def roll_out(self, specs: Sequence[RolloutSpec], temperature: float) -> list[Rollout]:
        """One graded answer per spec, in order."""
        requests = []
        for spec in specs:
            request = Request(
                agent=spec.agent,
                messages=self.prompt(spec),
                seed=spec.seed,
                max_tokens=self.rules.max_tokens,
                temperature=temperature,
                purpose=spec.purpose,
            )
            requests.append(request)
        return self.grade(specs, self.engine.sample(requests))

    def grade(
        self, specs: Sequence[RolloutSpec], completions: Sequence[Completion]
    ) -> list[Rollout]:
        """The completions with the verdicts of their domains' evaluators, in order."""
        rows_by_domain: dict[str, list[int]] = {}
        for row, spec in enumerate(specs):
            rows_by_domain.setdefault(spec.problem.domain, []).append(row)

        # all answers of a domain at once: a judge is a model, and models are fast in batches
        verdicts: dict[int, Verdict] = {}
        for domain, rows in rows_by_domain.items():
            answers = []
            for row in rows:
                spec = specs[row]
                text = completions[row].text
                answers.append(Answer(spec.problem, text, spec.agent, spec.seed))
            verdicts |= zip(rows, self.evaluators[domain](answers), strict=True)

        return [Rollout(c, verdicts[row]) for row, c in enumerate(completions)]

    def prompt(self, spec: RolloutSpec) -> tuple[Message, ...]:
        """The agent's instruction, the lesson's worked examples, then the problem."""
        agent = base_agent(spec.agent)
        instruction = self.instructions[agent]
        # strings from here on: the problem, which holds the answer, goes no further
        question = spec.problem.prompt
        if spec.purpose == "lesson" and spec.problem.hints:
            question += f"\nHint: {spec.problem.hints}"
        lesson = spec.lesson
        if lesson is None:
            return solve_prompt(question, instruction)

        examples = []
        toolset = self.tools.get(agent)
        for problem, rollout in zip(lesson.problems, lesson.examples, strict=True):
            # a student reads tool calls in the notation of its own tools
            text = render_tool_calls(problem.prompt, rollout.completion.text, toolset)
            examples.append((problem.prompt, text))
        return lesson_prompt(examples, question, instruction)


def _by_group(specs: Sequence[RolloutSpec], rollouts: Sequence[Rollout]) -> _Rollouts:
    groups: _Rollouts = {}
    for spec, rollout in zip(specs, rollouts, strict=True):
        groups[spec.group] = (*groups.get(spec.group, ()), rollout)
    return groups
