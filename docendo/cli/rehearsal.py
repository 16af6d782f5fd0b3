"""The smallest version of a run, for trying out whether everything works."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docendo.config.load import Config

__all__ = ["shrink_config"]

_FEW_TOKENS = 8


def shrink_config(config: "Config") -> "Config":
    """The same league with at most one expert step, one teaching round and two matches."""
    teaching, learning, duels = config.teaching, config.learning, config.duels

    max_tokens = min(teaching.max_tokens, _FEW_TOKENS)
    if any(agent.grammar for agent in config.agents.values()):
        # an answer that follows a grammar may not fit into fewer tokens
        max_tokens = teaching.max_tokens

    labels = learning.labels
    if labels is not None and "texts" in type(labels).model_fields:
        labels = labels.model_copy(update={"texts": 1})

    changes = {
        "experts": {
            "steps": min(config.experts.steps, 1),
            "eval_every": 1,
            "batch_size": 1,
        },
        "teaching": {
            "rounds": min(teaching.rounds, 1),
            "matches": min(teaching.matches, 2),
            "max_tokens": max_tokens,
        },
        "learning": {
            "imitation": min(learning.imitation, 1),
            "rehearsal": min(learning.rehearsal, 1),
            "self_practice": min(learning.self_practice, 1),
            "labels": labels,
        },
        "duels": {
            "pairings": min(duels.pairings, 1),
            "deals": 1,
            # two are the fewest that have a baseline
            "repeats": 2,
            "style_samples": 1,
        },
        "evaluation": {"problems": 1, "eval_every": 0},
    }
    tables = {}
    for table_name, values in changes.items():
        tables[table_name] = getattr(config, table_name).model_copy(update=values)
    return config.model_copy(update=tables)
