"""What a config must agree on across its sections; each rule raises one clear error."""

from docendo.build.agents import check_agents
from docendo.build.askers import check_askers
from docendo.build.data import check_data
from docendo.build.endpoints import check_endpoints
from docendo.build.evaluators import check_evaluators
from docendo.build.league import check_cast
from docendo.build.people import check_people
from docendo.config.load import Config
from docendo.errors import UserError, suggestion

__all__ = ["check_config", "check_roles"]


def check_config(config: Config) -> None:
    """Raises UserError for the first thing that does not fit together."""
    check_people(config)
    check_askers(config)
    check_cast(config)
    check_endpoints(config)
    check_agents(config)
    check_evaluators(config)
    check_data(config)


def check_roles(config: Config) -> None:
    """Raises UserError for an agent's unknown domain, and a domain without teacher or student.

    Called once the domains are known to exist: a misspelt domain is an error of its own.
    """
    _check_agents_domains(config)
    _check_teachers_and_students(config)


def _check_agents_domains(config: Config) -> None:
    for name, agent in config.agents.items():
        for domain in (*agent.domains, *agent.practice_domains):
            if domain not in config.domains:
                hint = suggestion(domain, config.domains)
                raise UserError(f"[agents.{name}]: no domain {domain!r}{hint}")
            if config.domains[domain].evaluate_only:
                raise UserError(
                    f"[agents.{name}]: domain {domain!r} is evaluate_only, "
                    "so it has no experts and nobody practises it"
                )


def _check_teachers_and_students(config: Config) -> None:
    for domain, settings in config.domains.items():
        if settings.evaluate_only:
            continue
        teachers = [
            name for name, agent in config.agents.items() if domain in agent.domains
        ]
        if not teachers:
            raise UserError(
                f"domain {domain!r} has no teacher: give an agent domain = {domain!r}, "
                "or the domain evaluate_only = true"
            )

        # A student may be a teacher of the domain, too, but not its own.
        has_student = any({*config.learners} - {teacher} for teacher in teachers)
        if config.teaching.matches and not has_student:
            raise UserError(
                f"domain {domain!r} has no student: {teachers[0]!r} is its only agent; "
                "add another agent"
            )
