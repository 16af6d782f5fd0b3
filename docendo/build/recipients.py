"""Who imitates what others found, and what is withheld from whom."""

from docendo.config.load import Config
from docendo.learning.withholding import Withholding
from docendo.records import AgentId
from docendo.school import Recipients

__all__ = ["build_recipients", "students_of"]


def build_recipients(config: Config) -> Recipients:
    """The agents that may imitate lessons and solutions, by the settings of learning."""
    learning = config.learning
    learners = config.learner_ids

    lessons: dict[str, list[AgentId]] = {}
    if learning.share_lessons == "all":
        lessons = {domain: _outsiders(config, domain) for domain in config.domains}

    solutions: dict[AgentId, list[AgentId]] = {}
    if learning.share_solutions == "self":
        solutions = {learner: [learner] for learner in learners}
    elif learning.share_solutions == "all":
        solutions = dict.fromkeys(learners, learners)

    students = {domain: students_of(config, domain) for domain in config.domains}
    withholding = Withholding(learning.withhold_fraction, config.seed, students)
    return Recipients(lessons, solutions, withholding)


def students_of(config: Config, domain: str) -> list[AgentId]:
    """The learners that are no experts of a domain; all learners where all are its experts."""
    return _outsiders(config, domain) or list(config.learner_ids)


def _outsiders(config: Config, domain: str) -> list[AgentId]:
    """The learners that are no experts of a domain."""
    return [
        name for name in config.learner_ids if domain not in config.agents[name].domains
    ]
