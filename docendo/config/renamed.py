"""Settings that had another name in earlier versions, so that an old file gets an error that names the new one."""

from collections.abc import Sequence

__all__ = ["RENAMED_SETTINGS", "RENAMED_VALUES", "new_name_of", "new_value_of"]

RENAMED_SETTINGS: dict[str, str] = {
    "agents.*.max_tool_calls": "agents.*.max_tool_calls",
    "agents.*.system_prompt": "agents.*.system_prompt",
    "agents.*.policy": "agents.*.policy",
    "agents.*.practice_domains": "agents.*.practice_domains",
    "duels.rules_fraction": "duels.rules_fraction",
    "duels.style_samples": "duels.style_samples",
    "engine.max_num_seqs": "engine.max_num_seqs",
    "engine.max_tokens_per_microbatch": "engine.max_tokens_per_microbatch",
    "evaluation.eval_every": "evaluation.eval_every",
    "experts.batch_size": "experts.batch_size",
    "experts.target_accuracy": "experts.target_accuracy",
    "experts.eval_every": "experts.eval_every",
    "experts.warmup_rounds": "experts.warmup_rounds",
    "experts.lr": "experts.lr",
    "learning.share_lessons": "learning.share_lessons",
    "learning.batch_size": "learning.batch_size",
    "learning.estimator": "learning.baseline and learning.loss",
    "learning.share_solutions": "learning.share_solutions",
    "learning.sft_lr": "learning.sft_lr",
    "learning.policy_lr": "learning.policy_lr",
    "learning.self_practice": "learning.self_practice",
    "learning.one_shot_fraction": "learning.one_shot_fraction",
    "alarms": "monitors",
    "alarms.watch": "monitors.enabled",
    "alarms.stop": "monitors.stop_on",
    "alarms.window": "monitors.window",
    "alarms.least": "monitors.min_findings",
    "alarms.leak": "monitors.answer_leak",
    "alarms.hint": "monitors.answer_probe",
    "alarms.repeat": "monitors.degenerate_lesson",
    "alarms.format": "monitors.format_exploit",
    "alarms.growth": "monitors.length_growth",
    "alarms.probed": "monitors.probes_per_round",
    "alarms.choices": "monitors.probe_answers",
    "teaching.lesson_source": "teaching.lesson_source",
    "teaching.control_attempts": "teaching.control_attempts",
    "teaching.rejected_lesson_reward": "teaching.reward.rejected_lesson",
    "teaching.control_shrinkage": "teaching.control_shrinkage",
}
"""Old dotted name -> new dotted name. ``*`` stands for the name of an agent, a domain and the like."""

RENAMED_VALUES: dict[tuple[str, str], str] = {
    ("agents.*.policy", "bold"): "always_bet",
    ("agents.*.policy", "textbook"): "oracle",
    ("learning.share_lessons", "class"): "all",
    ("learning.share_lessons", "student"): "none",
    ("learning.share_solutions", "author"): "self",
    ("learning.share_solutions", "everybody"): "all",
    ("learning.share_solutions", "nobody"): "none",
    ("monitors.enabled.*", "leak"): "answer_leak",
    ("monitors.enabled.*", "hint"): "answer_probe",
    ("monitors.enabled.*", "repeat"): "degenerate_lesson",
    ("monitors.enabled.*", "format"): "format_exploit",
    ("monitors.enabled.*", "growth"): "length_growth",
    ("monitors.stop_on.*", "leak"): "answer_leak",
    ("monitors.stop_on.*", "hint"): "answer_probe",
    ("monitors.stop_on.*", "repeat"): "degenerate_lesson",
    ("monitors.stop_on.*", "format"): "format_exploit",
    ("monitors.stop_on.*", "growth"): "length_growth",
    ("teaching.lesson_source", "agents"): "policy",
    ("teaching.lesson_source", "frozen"): "initial_policy",
    ("teaching.lesson_source", "solutions"): "dataset",
}
"""(new dotted name, old value) -> new value, where the values of a setting were renamed."""


def new_name_of(path: Sequence[str]) -> str | None:
    """The new dotted name of an old setting; None for a name that never was one.

    `path` is where the setting stands, as in ``("agents", "ada", "plays")``; names of agents and
    the like are kept in the answer.
    """
    for old, new in RENAMED_SETTINGS.items():
        pattern = old.split(".")
        if _matches(pattern, path):
            return _fill(new, pattern, path)
    return None


def new_value_of(path: Sequence[str], value: object) -> str | None:
    """The new name of an old value of a setting; None where the value never was one."""
    for (name, old_value), new_value in RENAMED_VALUES.items():
        if value == old_value and _matches(name.split("."), path):
            return new_value
    return None


def _matches(pattern: Sequence[str], path: Sequence[str]) -> bool:
    if len(pattern) != len(path):
        return False
    return all(part in ("*", name) for part, name in zip(pattern, path, strict=True))


def _fill(new: str, pattern: Sequence[str], path: Sequence[str]) -> str:
    """The new name with the names that stood for ``*`` in the old one."""
    for part, name in zip(pattern, path, strict=True):
        if part == "*":
            new = new.replace("*", name, 1)
    return new
