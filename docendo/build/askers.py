"""From the settings of askers to sources of problems and to models that write questions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from docendo.asking.personas import PersonaAskerConfig, read_personas
from docendo.asking.questions import Asker, QuestionWriter
from docendo.asking.verifiers import open_verifier
from docendo.build.domains import build_member
from docendo.config.load import Config
from docendo.datasets.file_source import FileSource
from docendo.datasets.files import BadRow
from docendo.datasets.split import identify, split_of
from docendo.errors import UserError, suggestion
from docendo.interfaces import Engine, Source
from docendo.problems.pool import AcceptedQuestions, AskerPool, PoolMember
from docendo.prompts import INSTRUCTION
from docendo.records import BASE, AgentId, Problem, TaskType, base_agent
from docendo.teaching.classroom import Classroom

__all__ = [
    "OWN",
    "accepted_questions",
    "build_pool",
    "build_question_writer",
    "check_askers",
]

OWN = "own"
"""The name of a domain's own program or file among its askers."""


def check_askers(config: Config) -> None:
    """Raises UserError for an unknown asker, and for a persona's settings that name nothing."""
    for name, domain in config.domains.items():
        for asker in domain.askers:
            if asker != OWN and asker not in config.askers:
                hint = suggestion(asker, (OWN, *config.askers))
                raise UserError(f"[domains.{name}] askers: no asker {asker!r}{hint}")

    for name, settings in config.askers.items():
        if isinstance(settings, PersonaAskerConfig):
            try:
                _check_model(settings.model, config)
                open_verifier(settings.verify)
                _describe_personas(settings)
            except UserError as error:
                raise UserError(f"[askers.{name}]: {error}") from error


def _check_model(model: str, config: Config) -> None:
    prefix, colon, endpoint = model.partition(":")
    if colon and prefix == "endpoint":
        if endpoint not in config.endpoints:
            hint = suggestion(endpoint, config.endpoints)
            raise UserError(f"model: no endpoint {endpoint!r}{hint}")
    elif model != BASE and model not in config.agents:
        hint = suggestion(model, (BASE, *config.agents))
        raise UserError(f"model: no agent {model!r}{hint}")


def build_pool(
    config: Config, domain: str, own_source: Source | None
) -> tuple[Source, tuple[BadRow, ...]]:
    """The domain's askers as one source, and the rows of their files that were left out.

    `own_source` is the domain's own program or file, None where it has none. Raises
    UserError for files that cannot be read.
    """
    where = f"[domains.{domain}] askers"
    sources: dict[str, Source] = {}
    quarantined: list[BadRow] = []
    for name in config.domains[domain].askers:
        if name != OWN:
            sources[name], rows = build_member(
                config,
                config.askers[name],
                domain=domain,
                own_source=own_source,
                where=f"[askers.{name}]",
            )
            quarantined += rows
        elif own_source is None:
            raise UserError(f"{where}: it has no program and no file of its own")
        else:
            sources[name] = own_source

    repeats = _find_repeats(sources)
    members: dict[str, PoolMember] = {}
    for name, weight in config.domains[domain].askers.items():
        source = sources[name]
        if isinstance(source, FileSource):
            earlier_rows = set(source.quarantined)
            source = source.without(repeats[name], where)
            quarantined += [row for row in source.quarantined if row not in earlier_rows]
        members[name] = PoolMember(source, weight)

    pool = AskerPool(domain, members)
    if not pool.levels:
        raise UserError(f"{where}: none of them has a problem to begin with")
    return pool, tuple(quarantined)


def _find_repeats(sources: Mapping[str, Source]) -> dict[str, dict[str, str]]:
    """Why a file's problem is left out, by source and key: another file has its question.

    Where one of them holds it out, that one stays.
    """
    files = {name: s for name, s in sources.items() if isinstance(s, FileSource)}
    repeats: dict[str, dict[str, str]] = {name: {} for name in files}
    if len(files) < 2:
        return repeats

    first: dict[int, Problem] = {}
    for split in ("held-out", "train"):
        for name, source in files.items():
            for problem in source.problems:
                if source.split_of(problem) != split:
                    continue
                earlier = first.setdefault(identify(problem), problem)
                if earlier is not problem:
                    reason = f"the same question as in {earlier.source}"
                    repeats[name][problem.key] = reason
    return repeats


def _is_held_out(problem: Problem, source: Source) -> bool:
    """Whether a problem that a model wrote is one that a source holds out."""
    if isinstance(source, AskerPool):
        return any(_is_held_out(problem, m.source) for m in source.members.values())
    if isinstance(source, FileSource):
        return identify(problem) in source.held_out_questions
    if isinstance(source, AcceptedQuestions):
        return False
    return problem.family in source.levels and split_of(problem) == "held-out"


def accepted_questions(sources: Mapping[str, Source]) -> dict[str, AcceptedQuestions]:
    """The growing sources: the accepted questions of each asker, by ``domain/asker``."""
    accepted = {}
    for domain, source in sources.items():
        if not isinstance(source, AskerPool):
            continue
        for name, member in source.members.items():
            if isinstance(member.source, AcceptedQuestions):
                accepted[f"{domain}/{name}"] = member.source
    return accepted


def build_question_writer(
    config: Config,
    classroom: Classroom,
    engine: Engine,
    task_types: Mapping[str, Sequence[TaskType]],
) -> QuestionWriter | None:
    """Has the config's personas ask; None where there is none.

    `task_types` are by domain.
    """
    sources = classroom.sources
    accepted = accepted_questions(sources)
    askers = []
    for domain, domain_settings in config.domains.items():
        for name in domain_settings.askers:
            settings = config.askers.get(name) if name != OWN else None
            if not isinstance(settings, PersonaAskerConfig):
                continue
            try:
                askable = _askable(settings, task_types[domain], sources[domain])
            except UserError as error:
                raise UserError(f"[askers.{name}]: {error}") from error
            askers.append(
                _build_asker(name, settings, askable, accepted[f"{domain}/{name}"])
            )
    if not askers:
        return None

    def accepted_in(domain: str) -> list[Problem]:
        problems: list[Problem] = []
        for key, questions in accepted.items():
            if key.partition("/")[0] == domain:
                for by_key in questions.problems.values():
                    problems += by_key.values()
        return problems

    def draw_example(task_type: TaskType, seed: int) -> Problem:
        return _draw_static(sources[task_type.domain], task_type, seed)

    def instruction_of(agent: AgentId) -> str:
        return classroom.instructions.get(base_agent(agent), INSTRUCTION)

    return QuestionWriter(
        engine=engine,
        classroom=classroom,
        askers=askers,
        accepted=accepted_in,
        draw_example=draw_example,
        instruction_of=instruction_of,
        is_held_out=lambda problem: _is_held_out(problem, sources[problem.domain]),
    )


def _draw_static(source: Source, task_type: TaskType, seed: int) -> Problem:
    """A problem by a program or from a file, not one that a model wrote."""
    if isinstance(source, AskerPool):
        static = {
            name: member
            for name, member in source.members.items()
            if not isinstance(member.source, AcceptedQuestions)
        }
        source = AskerPool(source.domain, static)
    return source.draw(task_type.family, task_type.level, 1, seed, "train")[0]


def _askable(
    settings: PersonaAskerConfig, task_types: Sequence[TaskType], source: Source
) -> list[TaskType]:
    """The task types in which a persona asks.

    They are those of its families whose problems have no tests.
    """
    domain = source.domain
    taught_families = {task_type.family for task_type in task_types}
    for family in settings.families:
        if family not in taught_families:
            hint = suggestion(family, taught_families)
            raise UserError(f"families: {domain} teaches no {family!r}{hint}")

    families = settings.families or taught_families
    askable = []
    for task_type in task_types:
        # Models write no tests.
        if task_type.family in families and not _draw_static(source, task_type, 0).tests:
            askable.append(task_type)
    if not askable:
        raise UserError(f"{domain} has only problems with tests; models write none")
    return askable


def _build_asker(
    name: str,
    settings: PersonaAskerConfig,
    task_types: Sequence[TaskType],
    accepted: AcceptedQuestions,
) -> Asker:
    return Asker(
        name=name,
        agent=AgentId(settings.model),
        task_types=task_types,
        personas=_describe_personas(settings),
        questions=settings.questions,
        answer_attempts=settings.answer_attempts,
        solver=open_verifier(settings.verify),
        agreement=settings.agreement,
        sft_fraction=settings.sft_fraction,
        accept=accepted.add,
    )


def _describe_personas(settings: PersonaAskerConfig) -> list[tuple[str, str]]:
    """Name and description of each persona."""
    path = Path(settings.file) if settings.file else None
    personas = read_personas(settings.personas, path)
    return [(persona.name, persona.description) for persona in personas]
