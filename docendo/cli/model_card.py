"""The model card of an exported agent: what it is, how it was made, and what was measured."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from docendo.config.load import Config
from docendo.formatting import escape_markdown
from docendo.records import AgentId, base_agent
from docendo.report.facts.run import all_scores, read_scores
from docendo.statistics import estimate_share
from docendo.store import RunDirectory
from docendo.version import VERSION

__all__ = ["write_model_card"]

_UNMEASURED = (
    "Nothing else was measured: no other task or language, no harmful content, no bias, and not "
    "what it has lost of the base model's abilities."
)


def write_model_card(
    run: RunDirectory, config: Config, agent: AgentId, base: str, library: str
) -> str:
    """A README.md with a YAML head, as model hubs read it.

    `base` is the base model's name, and `library` loads the files: ``peft`` or
    ``transformers``.
    """
    kind = "A LoRA adapter for" if library == "peft" else "A language model trained from"
    head = {
        "base_model": base,
        "library_name": library,
        "license": "unknown",
        "pipeline_tag": "text-generation",
        "tags": ["docendo", *(["lora"] if library == "peft" else [])],
    }
    # JSON is YAML, with quotes around what a stranger may have named
    yaml = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
    parts = [
        "\n".join(["---", *yaml, "---"]),
        f"# {escape_markdown(agent)}",
        f"{kind} {escape_markdown(base)}, an agent of a population that was trained by teaching "
        "games.",
        "## How it was trained",
        "\n".join(f"* {line}" for line in _describe_training(run, config, agent)),
        "## Accuracy",
        _describe_accuracy(run, config, agent),
        _UNMEASURED,
    ]
    return "\n\n".join(parts) + "\n"


def _describe_training(run: RunDirectory, config: Config, agent: AgentId) -> list[str]:
    stages = Counter(row.stage for row in run.rounds() if row.round >= 0)
    teachers: Counter[str] = Counter()
    for episode in run.episodes(student=agent):
        teachers[episode.match.teacher] += bool(episode.attempts)
    taught = [f"{name} ({n})" for name, n in teachers.items() if n]

    made = run.noted("provenance") or {}
    version = made.get("versions", {}).get("docendo", VERSION)
    return [
        f"Expert in: {_list(_own_domains(config, agent))}. All domains: {_list(config.domains)}.",
        f"Rounds: {stages['experts']} supervised, {stages['teaching']} of teaching.",
        f"Lessons that it was shown, by teacher: {_list(taught)}.",
        f"Seed: {config.seed}. docendo {version}, commit {made.get('commit') or 'unknown'}.",
    ]


def _describe_accuracy(run: RunDirectory, config: Config, agent: AgentId) -> str:
    """The agent's last evaluation, by domain."""
    cells = {key: cell for key, cell in read_scores(run).items() if key[1] == agent}
    if not cells:
        return "It was not measured in the run."

    last = max(index for index, _, _ in cells)
    own = _own_domains(config, agent)
    lines = [
        f"Held-out problems without a lesson, after round {last}; 95% Wilson intervals.",
        "",
        "| domain | accuracy | 95% interval | problems |",
        "|---|---:|---:|---:|",
    ]
    for (index, _, domain), cell in cells.items():
        if index == last:
            mean, low, high, n = estimate_share(all_scores(cell))
            mark = " (own)" if domain in own else ""
            lines.append(
                f"| {escape_markdown(domain)}{mark} | {mean:.0%} | {low:.0%} to {high:.0%} "
                f"| {n} |"
            )
    return "\n".join(lines)


def _own_domains(config: Config, agent: AgentId) -> Sequence[str]:
    """Those of the agent, or of the agent that it is a copy of."""
    return config.agents[base_agent(agent)].domains


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(escape_markdown, names)) or "none"
