"""Settings that had another name in earlier versions, so that an old file gets an error that names the new one."""

from collections.abc import Sequence

__all__ = ["RENAMED_SETTINGS", "RENAMED_VALUES", "new_name_of", "new_value_of"]

RENAMED_SETTINGS: dict[str, str] = {
    "agents.*.calls": "agents.*.max_tool_calls",
    "agents.*.grammar.free": "agents.*.grammar.free_tokens",
    "agents.*.instruction": "agents.*.system_prompt",
    "agents.*.plays": "agents.*.policy",
    "agents.*.practises": "agents.*.practice_domains",
    "askers.*.by": "askers.*.model (of a persona) or askers.*.person",
    "askers.*.checked": "askers.*.verify",
    "askers.*.kind": "askers.*.type",
    "askers.*.study": "askers.*.sft_fraction",
    "askers.*.tries": "askers.*.answer_attempts",
    "askers.*.columns.answer_marker": "askers.*.columns.answer_pattern",
    "domains.*.columns.answer_marker": "domains.*.columns.answer_pattern",
    "duels.rules": "duels.rules_fraction",
    "duels.samples": "duels.style_samples",
    "engine.rows": "engine.max_num_seqs",
    "engine.train_tokens": "engine.max_tokens_per_microbatch",
    "evaluation.every": "evaluation.eval_every",
    "evaluators.*.by": "evaluators.*.model (of a judge), evaluators.*.person (of a person) "
    "or evaluators.*.mode (of a human)",
    "evaluators.*.kind": "evaluators.*.type",
    "evaluators.*.of": "evaluators.*.members",
    "evaluators.*.way": "evaluators.*.sandbox (of tests) or evaluators.*.mode",
    "experts.batch": "experts.batch_size",
    "experts.enough": "experts.target_accuracy",
    "experts.every": "experts.eval_every",
    "experts.practice": "experts.warmup_rounds",
    "experts.rate": "experts.lr",
    "learning.audience": "learning.share_lessons",
    "learning.batch": "learning.batch_size",
    "learning.estimator": "learning.baseline and learning.loss",
    "learning.homework": "learning.share_solutions",
    "learning.imitation_rate": "learning.sft_lr",
    "learning.policy_rate": "learning.policy_lr",
    "learning.practice": "learning.self_practice",
    "learning.shown": "learning.one_shot_fraction",
    "people.*.among": "people.*.relative",
    "people.*.bar": "people.*.good_threshold",
    "people.*.circle": "people.*.cyclic_features",
    "people.*.moods": "people.*.taste_noise",
    "people.*.moody": "people.*.alternate_tastes",
    "teaching.authors": "teaching.lesson_source",
    "teaching.controls": "teaching.control_attempts",
    "teaching.penalty": "teaching.reward.rejected_lesson",
    "teaching.prior": "teaching.control_shrinkage",
    "league.teachers": "league.teacher_selection",
    "league.opens": "league.unlock_threshold",
    "league.replayed": "league.replay_fraction",
    "league.refill": "league.resample_zero_variance",
    "league.anchored": "league.reference_matches",
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
    ("duels.opponents", "learnable"): "learnability",
    ("league.teacher_selection", "learnable"): "learnability",
    ("league.teacher_selection", "improving"): "thompson",
    ("league.teacher_selection", "optimistic"): "ucb",
    ("league.curriculum", "everything"): "uniform",
    ("league.curriculum", "learnable"): (
        "learnability, with [learning] practice_curriculum = learnability "
        "and imitation_sampling = error_rate"
    ),
    ("league.curriculum", "missing"): (
        "learnability, with [learning] practice_curriculum = rarity "
        "and imitation_sampling = error_rate"
    ),
    ("league.curriculum", "replay"): (
        "plr, with [learning] practice_curriculum = plr and imitation_sampling = error_rate"
    ),
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
