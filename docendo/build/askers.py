"""From the settings of askers to where problems come from, and to the desk where models ask."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from docendo.asking.personas import Persona, read_personas
from docendo.asking.questions import Asker, QuestionWriter
from docendo.asking.verifiers import Solver, evaluate_expression, load_solver
from docendo.build.people import person
from docendo.config import AskerConfig
from docendo.config.load import Config
from docendo.datasets.file_source import FileSource
from docendo.datasets.files import (
    BadRow,
    parse_columns,
    read_problems,
)
from docendo.errors import UserError, suggestion
from docendo.humans.simulated import Interested
from docendo.interfaces import Engine, Source
from docendo.problems.gym import load_gym
from docendo.problems.pool import AcceptedQuestions, AskerPool, PoolMember
from docendo.problems.user_function import load_function
from docendo.prompts import INSTRUCTION
from docendo.records import BASE, AgentId, Problem, TaskType, base_agent
from docendo.teaching.game import Classroom

__all__ = [
    "OWN",
    "accepted_questions",
    "build_pool",
    "build_question_writer",
    "check_askers",
]

OWN = "own"
"""What a domain's own program or file is called among its askers."""


def check_askers(config: Config) -> None:
    """Raises UseError for an asker, or somebody behind it, that there is not."""
    for name, domain in config.domains.items():
        for asker in domain.askers:
            if asker != OWN and asker not in config.askers:
                hint = suggestion(asker, (OWN, *config.askers))
                raise UserError(f"[domains.{name}] askers: no asker {asker!r}{hint}")
    for name, given in config.askers.items():
        if given.kind == "persona":
            _check_writer(given.by, config, f"[askers.{name}] by")
            _solver(given, f"[askers.{name}]")
            _personas(given, f"[askers.{name}]")


def _check_writer(by: str, config: Config, where: str) -> None:
    kind, colon, name = by.partition(":")
    if colon and kind == "endpoint":
        if name not in config.endpoints:
            raise UserError(
                f"{where}: no endpoint {name!r}{suggestion(name, config.endpoints)}"
            )
    elif by != BASE and by not in config.agents:
        raise UserError(f"{where}: no agent {by!r}{suggestion(by, (BASE, *config.agents))}")


def build_pool(
    config: Config, domain: str, own: Source | None
) -> tuple[Source, tuple[BadRow, ...]]:
    """The domain's askers as one, and rows of their files that were left out.

    `own` is the domain's own program or file, None where it has none. Raises UseError for files that cannot be read.
    """
    members, bad = dict[str, PoolMember](), list[BadRow]()
    for name, weight in config.domains[domain].askers.items():
        if name != OWN:
            source, rows = _member(config, name, domain, own)
        elif own is not None:
            source, rows = own, ()
        else:
            raise UserError(
                f"[domains.{domain}] askers: it has no program and no file of its own"
            )
        members[name] = PoolMember(source, weight)
        bad += rows
    pool = AskerPool(domain, members)
    if not pool.levels:
        raise UserError(
            f"[domains.{domain}] askers: none of them has a problem to begin with"
        )
    return pool, tuple(bad)


def _member(
    config: Config, name: str, domain: str, own: Source | None
) -> tuple[Source, tuple[BadRow, ...]]:
    given, where = config.askers[name], f"[askers.{name}]"
    match given.kind:
        case "persona":
            return AcceptedQuestions(domain), ()
        case "file":
            columns = parse_columns(given.columns, f"[askers.{name}.columns]")
            found = read_problems(str(given.file), domain, columns)
            return FileSource(domain, found.problems), found.quarantined
        case "function":
            return load_function(Path(str(given.file)), domain), ()
        case "gym":
            return _gym(given, where, domain), ()
        case "person":
            if own is None:
                raise UserError(
                    f"{where}: a simulated person asks what the domain has, and {domain} has nothing of its own"
                )
            return Interested(own, person(config, given.by, f"{where} by")), ()


def _gym(given: AskerConfig, where: str, domain: str) -> Source:
    try:
        return load_gym(given.tasks, domain)
    except UserError as error:
        raise UserError(f"{where} tasks: {error}") from error


def accepted_questions(sources: Mapping[str, Source]) -> dict[str, AcceptedQuestions]:
    """What grows: the admitted questions of each asker and domain, by ``domain/asker``."""
    return {
        f"{domain}/{name}": member.source
        for domain, source in sources.items()
        if isinstance(source, AskerPool)
        for name, member in source.members.items()
        if isinstance(member.source, AcceptedQuestions)
    }


def build_question_writer(
    config: Config,
    classroom: Classroom,
    engine: Engine,
    kinds: Mapping[str, Sequence[TaskType]],
) -> QuestionWriter | None:
    """Where models ask; None where none does."""
    sources = classroom.sources
    shelves = accepted_questions(sources)
    askers = [
        _asker(
            name,
            config.askers[name],
            _askable(config, name, domain, kinds[domain], sources[domain]),
            shelves[f"{domain}/{name}"],
        )
        for domain, given in config.domains.items()
        for name in given.askers
        if name != OWN and config.askers[name].kind == "persona"
    ]
    if not askers:
        return None
    grown = {
        d: [a for key, a in shelves.items() if key.partition("/")[0] == d]
        for d in config.domains
    }

    def known(domain: str) -> list[Problem]:
        return [
            p
            for shelf in grown[domain]
            for some in shelf.problems.values()
            for p in some.values()
        ]

    def instruct(agent: AgentId) -> str:
        return classroom.instructions.get(base_agent(agent), INSTRUCTION)

    examples = {d: partial(_example, sources[d]) for d in config.domains}
    return QuestionWriter(
        engine,
        classroom,
        askers,
        known,
        lambda kind, seed: examples[kind.domain](kind, seed),
        instruct,
    )


def _example(source: Source, kind: TaskType, seed: int) -> Problem:
    """A problem by a program or from a file, not one that a model asked."""
    if isinstance(source, AskerPool):
        static = {
            n: m
            for n, m in source.members.items()
            if not isinstance(m.source, AcceptedQuestions)
        }
        source = AskerPool(source.domain, static)
    return source.draw(kind.family, kind.level, 1, seed, "train")[0]


def _askable(
    config: Config, name: str, domain: str, kinds: Sequence[TaskType], source: Source
) -> list[TaskType]:
    """The kinds in which a persona asks: those of its families whose problems have no tests, which models write not."""
    families, known = config.askers[name].families, {kind.family for kind in kinds}
    for family in families:
        if family not in known:
            raise UserError(
                f"[askers.{name}] families: {domain} teaches no {family!r}{suggestion(family, known)}"
            )
    found = [
        k
        for k in kinds
        if k.family in (families or known) and not _example(source, k, 0).tests
    ]
    if not found:
        raise UserError(
            f"[askers.{name}]: {domain} has only problems with tests; models write none"
        )
    return found


def _asker(
    name: str, given: AskerConfig, kinds: Sequence[TaskType], shelf: AcceptedQuestions
) -> Asker:
    where = f"[askers.{name}]"
    told = [(p.name, _told(p)) for p in _personas(given, where)]
    amounts = given.questions, given.tries
    return Asker(
        name,
        AgentId(given.by),
        kinds,
        told,
        *amounts,
        _solver(given, where),
        given.agreement,
        shelf.add,
    )


def _told(persona: Persona) -> str:
    return f"{persona.who}. You know {persona.expertise}, care for {persona.interest}, and are {persona.manner}."


def _personas(given: AskerConfig, where: str) -> list[Persona]:
    try:
        return read_personas(given.personas, Path(given.file) if given.file else None)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _solver(given: AskerConfig, where: str) -> Solver | None:
    if given.checked == "agreement":
        return None
    if given.checked == "program":
        return evaluate_expression
    if not given.checked.endswith(".py"):
        raise UserError(
            f"{where} checked: wanted 'agreement', 'program' or a Python file, got {given.checked!r}"
        )
    try:
        return load_solver(Path(given.checked))
    except UserError as error:
        raise UserError(f"{where} checked: {error}") from error
