"""From the settings of evaluators to who judges what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from typing import Literal

from docendo.build.people import build_person
from docendo.config import EvaluatorConfig
from docendo.config.load import Config
from docendo.errors import UserError, suggestion
from docendo.graders.answer import UnitTestGrader, never_raises, parallel, per_answer
from docendo.graders.combinators import FirstApplicable, Gate, all_of, any_of, weighted
from docendo.graders.compilers import Compiler
from docendo.graders.format import FormatGrader, SpellingGrader
from docendo.graders.gym import GymGrader
from docendo.graders.numbers import Numeric, Symbolic
from docendo.graders.stats import WithStats
from docendo.graders.unit_tests import CPythonTestGrader
from docendo.humans.rating import HumanRater, RatingMode, RatingQueue
from docendo.interfaces import Engine, Evaluator, Grader
from docendo.judges.pairwise import PairwiseJudge
from docendo.judges.pointwise import ModelJudge
from docendo.records import BASE, AgentId, Answer
from docendo.sandbox.isolated import UNSAFE, IsolatedSandbox
from docendo.sandbox.monty import Sandbox
from docendo.sandbox.spec import Limits
from docendo.sandbox.worker import FunctionGrader, SubprocessWorker

__all__ = [
    "EvaluatorPanel",
    "Judges",
    "Maker",
    "build_panel",
    "by_people",
    "by_person",
    "check_evaluators",
    "ground_truth",
    "ground_truth_evaluator",
    "judging",
]

Maker = Callable[[EvaluatorConfig, str], Evaluator]
"""From the settings of an evaluator, and where they stand, to the evaluator."""
Judges = Mapping[str, Maker]
"""How the kinds of evaluators are made that need a model or people."""
_BYTES = 12
"""Of a token that an answer may have, three times as many as in English: a judge reads no longer ones."""
_PARTS = ("all", "any", "weighted", "first", "gate")


@dataclass(frozen=True)
class EvaluatorPanel:
    """Who judges each domain, and what each evaluator said so far."""

    domains: Mapping[str, Evaluator]
    counted: Mapping[str, WithStats]

    def pop_metrics(self) -> dict[str, float]:
        """Counts of every evaluator since the last time."""
        return {
            f"evaluator/{name}/{what}": n
            for name, c in self.counted.items()
            for what, n in c.pop_metrics().items()
        }


def ground_truth() -> Grader:
    """Answers are compared as text, run in the sandbox where a problem has tests, or scored by reasoning-gym's task."""
    return never_raises(GymGrader(UnitTestGrader(Sandbox())))


def ground_truth_evaluator() -> Evaluator:
    """Many answers by the ground truth."""
    return per_answer(ground_truth())


def check_evaluators(config: Config) -> None:
    """Raises UseError for an evaluator that there is not, or that is made of itself."""
    for name, domain in config.domains.items():
        if domain.evaluator is not None and domain.evaluator not in config.evaluators:
            hint = suggestion(domain.evaluator, config.evaluators)
            raise UserError(
                f"[domains.{name}] evaluator: no evaluator {domain.evaluator!r}{hint}"
            )
    for name, given in config.evaluators.items():
        _check_parts(config, name, ())
        if given.kind == "judge":
            _judges(given.by, config, f"[evaluators.{name}] by")
        if given.kind == "person":
            build_person(config, given.by, f"[evaluators.{name}] by")


def _check_parts(config: Config, name: str, above: tuple[str, ...]) -> None:
    if name in above:
        raise UserError(
            f"[evaluators.{above[0]}]: is made of itself: {' of '.join((*above, name))}"
        )
    for part in config.evaluators[name].of:
        if part not in config.evaluators:
            raise UserError(
                f"[evaluators.{name}] of: no evaluator {part!r}{suggestion(part, config.evaluators)}"
            )
        _check_parts(config, part, (*above, name))


def build_panel(
    config: Config, judges: Judges, guests: RatingQueue | None = None
) -> EvaluatorPanel:
    """An evaluator for each domain, the right answer where none is named. Raises UseError for what is missing here."""
    check_evaluators(config)
    builder = _Builder(config, judges)
    people = {
        "person": by_person(config),
        "human": by_people(config, guests or RatingQueue(), builder.named),
    }
    builder.judges = {**people, **judges}
    domains = {
        n: builder.named(d.evaluator) if d.evaluator else ground_truth_evaluator()
        for n, d in config.domains.items()
    }
    return EvaluatorPanel(domains, builder.made)


@dataclass
class _Builder:
    config: Config
    judges: Judges
    made: dict[str, WithStats] = field(default_factory=dict)

    def named(self, name: str) -> Evaluator:
        """The evaluator of this name, made once."""
        if name not in self.made:
            given = self.config.evaluators[name]
            where = f"[evaluators.{name}]"
            self.made[name] = WithStats(
                self._joined(given) if given.kind in _PARTS else self._single(given, where)
            )
        return self.made[name]

    def _joined(self, given: EvaluatorConfig) -> Evaluator:
        members = {name: self.named(name) for name in given.of}
        match given.kind:
            case "all":
                return all_of(members)
            case "any":
                return any_of(members)
            case "weighted":
                return weighted(members, given.weights)
            case "gate":
                gate, then = members.items()
                return Gate(gate, then)
        return FirstApplicable(
            {n: (m, _applies(self.config.evaluators[n])) for n, m in members.items()}
        )

    def _single(self, given: EvaluatorConfig, where: str) -> Evaluator:
        try:
            return self._made(given, where)
        except UserError as error:
            raise UserError(f"{where}: {error}") from error

    def _made(self, given: EvaluatorConfig, where: str) -> Evaluator:
        match given.kind:
            case "numeric":
                return per_answer(Numeric(relative=given.tolerance))
            case "symbolic":
                return Symbolic(given.seconds)
            case "tests" if given.way == "cpython":
                return parallel(
                    CPythonTestGrader(_jail(given, Limits(seconds=given.seconds)))
                )
            case "tests":
                return per_answer(UnitTestGrader(Sandbox(seconds=given.seconds)))
            case "compiler":
                return parallel(Compiler(given.language, _jail(given, Limits())))  # type: ignore[arg-type]
            case "spelling":
                return per_answer(
                    SpellingGrader(
                        given.language or "en", Path(given.file) if given.file else None
                    )
                )
            case "function":
                wanted = "grade(question, answer, text) that returns a score from 0 to 1"
                return per_answer(
                    FunctionGrader(
                        SubprocessWorker(
                            Path(str(given.file)), "grade", wanted, given.seconds
                        )
                    )
                )
            case "format":
                return per_answer(
                    FormatGrader(given.pattern, _read(given.file) if given.file else "")
                )
            case "judge" | "person" | "human":
                return self.judges[given.kind](given, where)
        return ground_truth_evaluator()


def by_person(config: Config) -> Maker:
    """How evaluators are made that are simulated people."""

    def make(given: EvaluatorConfig, where: str) -> Evaluator:
        return build_person(config, given.by, f"{where} by").judge

    return make


def by_people(
    config: Config, guests: RatingQueue, named: Callable[[str], Evaluator]
) -> Maker:
    """How evaluators are made that are real people; `named` gives whoever judges meanwhile."""

    def make(given: EvaluatorConfig, where: str) -> Evaluator:
        modes: dict[str, RatingMode] = {"wait": "wait", "async": "async", "off": "off"}
        if given.by not in modes:
            raise UserError(
                f"{where} by: no way {given.by!r} of asking people{suggestion(given.by, modes)}"
            )
        if len(given.of) != 1 and given.by != "wait":
            raise UserError(
                f"{where} of: wanted one evaluator that judges where no person has, got {given.of}"
            )
        return HumanRater(
            modes[given.by],
            guests,
            named(given.of[0]) if given.of else None,
            getLogger("docendo").warning,
        )

    return make


def judging(config: Config, engine: Engine, instructions: Mapping[AgentId, str]) -> Maker:
    """How judges are made that are models: an agent, the base, the whole population, or an endpoint."""

    experts = {
        d: [AgentId(n) for n, a in config.agents.items() if d in a.domains]
        for d in config.domains
    }
    most = max(
        [config.teaching.max_tokens, *(a.max_tokens or 0 for a in config.agents.values())]
    )
    longest = min(2000, _BYTES * most)

    def make(given: EvaluatorConfig, where: str) -> Evaluator:
        judges = _judges(given.by, config, f"{where} by")
        if given.way == "comparing":
            return PairwiseJudge(engine, judges, experts, longest // 2)
        way: Literal["solving", "reading"] = (
            "reading" if given.way == "reading" else "solving"
        )
        return ModelJudge(
            engine, judges, way, config.teaching.max_tokens, instructions, experts, longest
        )

    return make


def _judges(by: str, config: Config, where: str) -> list[AgentId]:
    if by == "population":
        return [AgentId(name) for name in config.learners]
    kind, colon, name = by.partition(":")
    if colon and kind == "endpoint" and name in config.endpoints:
        return [AgentId(by)]
    if by != BASE and by not in config.agents:
        known = (
            BASE,
            "population",
            *config.agents,
            *(f"endpoint:{name}" for name in config.endpoints),
        )
        raise UserError(f"{where}: no judge {by!r}{suggestion(by, known)}")
    return [AgentId(by)]


def _applies(given: EvaluatorConfig) -> Callable[[Answer], bool]:
    """Whether an evaluator has something to say of an answer's problem, as `first` asks."""
    if given.kind in {"tests", "compiler"}:
        return lambda answer: bool(answer.problem.tests)
    if given.kind == "numeric":
        return lambda answer: (
            any(c.isdigit() for c in answer.problem.answer) and not answer.problem.tests
        )
    if given.kind in {"truth", "symbolic"}:
        return lambda answer: bool(answer.problem.answer or answer.problem.tests)
    return lambda answer: True


def _jail(given: EvaluatorConfig, limits: Limits) -> IsolatedSandbox:
    if given.unsafe not in {"", UNSAFE}:
        raise UserError(f"unsafe: wanted {UNSAFE!r}, word by word, got {given.unsafe!r}")
    return IsolatedSandbox(limits, allow_unsafe=bool(given.unsafe))


def _read(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from error
