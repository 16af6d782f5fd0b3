"""Where answers are sampled and graded, and the rules of a match."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docendo.errors import UserError
from docendo.interfaces import Engine, Evaluator, Scorer, Source
from docendo.league.problem_replay import ProblemReplay
from docendo.prompts import correction_prompt, lesson_prompt, with_record
from docendo.records import (
    AgentId,
    Answer,
    Completion,
    Lesson,
    Message,
    MetricValues,
    Problem,
    Request,
    Rollout,
    TaskType,
    Verdict,
    base_agent,
)
from docendo.tools.calls import Toolset, render_tool_calls

__all__ = [
    "Classroom",
    "Group",
    "LessonOptions",
    "RolloutSpec",
    "Rollouts",
    "TeachingRules",
    "by_group",
]

Group = tuple[int, int | None]
"""A match and one of its lessons, by index; no lesson: the match's control."""
Rollouts = dict[Group, tuple[Rollout, ...]]


@dataclass(frozen=True)
class LessonOptions:
    """How lessons are written and shown."""

    correction: bool = False
    """Whether lessons answer the student's own wrong answers to the taught problems."""
    diverse: bool = False
    """Whether the examples of a lesson are chosen to differ."""
    growing_hints: bool = False
    """Whether the student is shown no more of a lesson than it needs."""
    show_record: bool = False
    """Whether a teacher is told what its student can already do."""


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
    candidates: int = 0
    """N: how many lessons a teacher writes, of which K are shown; fewer than K: K."""
    options: LessonOptions = LessonOptions()

    @property
    def written(self) -> int:
        """How many lessons of a match are written."""
        return max(self.lessons, self.candidates)

    @property
    def answers(self) -> int:
        """The most completions that a match can cost."""
        written = (self.written + self.options.correction) * self.examples
        attempts = self.attempts + 2 * self.options.growing_hints
        return written + self.lessons * attempts + self.control_attempts

    def lets_through(self, lesson: Lesson) -> bool:
        """Whether the gate, if there is one, lets a lesson through."""
        # it reads the verdicts on the teacher's own problems
        return lesson.passed or not self.gate

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
    group: Group = (0, None)
    """Where the answer belongs among those sampled with it."""
    mistake: str = ""
    """Of a lesson: the student's wrong answer, which it is to correct."""
    record: Sequence[tuple[str, float | None]] = ()
    """Of a lesson: what the student can already do."""


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
    scorer: Scorer | None = None
    """Who measures dense gains; None: nobody."""
    metric_sources: Sequence[Callable[[], MetricValues]] = ()
    """Each returns what a part, such as the tools, counted since the last call."""

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
        # whoever reads tool calls reads them in the notation of its own tools
        toolset = self.tools.get(agent)
        lesson = spec.lesson
        if lesson is None:
            question = with_record(question, spec.record)
            mistake = render_tool_calls(spec.problem.prompt, spec.mistake, toolset)
            return correction_prompt(question, mistake, instruction)

        examples = []
        for problem, rollout, mistake in zip(
            lesson.problems, lesson.examples, lesson.mistakes, strict=True
        ):
            texts = (rollout.completion.text, mistake)
            read = [render_tool_calls(problem.prompt, text, toolset) for text in texts]
            examples.append((problem.prompt, *read))
        return lesson_prompt(examples, question, instruction)


def by_group(specs: Sequence[RolloutSpec], rollouts: Sequence[Rollout]) -> Rollouts:
    """The rollouts by the group of their spec, each group in order."""
    groups: Rollouts = {}
    for spec, rollout in zip(specs, rollouts, strict=True):
        groups[spec.group] = (*groups.get(spec.group, ()), rollout)
    return groups
