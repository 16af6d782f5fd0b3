"""What agents learn from domains that are not their own: worked solutions, lessons or labels."""

from docendo.config.load import Config

__all__ = ["find_travelling"]


def find_travelling(config: Config, league: Config) -> dict[str, str]:
    """What travels between the domains' owners in a training, each with a setting that lets it.

    A domain's owners are its experts in the `league`. Scores and questions are not counted: a
    student may practise a domain whose worked solutions it never sees.
    """
    travelling = {}
    if setting := _find_shared_solutions(config, league):
        travelling["solutions"] = setting
    if config.teaching.matches and config.teaching.lesson_source != "dataset":
        travelling["lessons"] = f"teaching.matches = {config.teaching.matches}"
    labels = config.learning.labels
    # an agent that labels its own attempts, or the base, tells nothing of an owner
    if labels and labels.type != "self_distillation":
        travelling["labels"] = f"learning.labels = {labels.type!r}"
    return travelling


def _find_shared_solutions(config: Config, league: Config) -> str:
    """The setting by which somebody sees worked solutions of another's domain; empty: none."""
    for name, agent in config.agents.items():
        owner = league.agents.get(name)
        own = set(owner.domains if owner else ())
        if foreign := set(agent.domains) - own:
            return f"agents.{name}.domain, with {min(foreign)}"
        if agent.data and (agent.data.files or agent.data.domains.keys() - own):
            return f"agents.{name}.data"
        if agent.policy == "oracle" and config.teaching.matches:
            return f"agents.{name}.policy = {agent.policy!r}"
    if config.learning.share_solutions == "all" and len(config.learners) > 1:
        return "learning.share_solutions = 'all'"
    if config.teaching.matches and config.teaching.lesson_source == "dataset":
        return "teaching.lesson_source = 'dataset'"
    return ""
