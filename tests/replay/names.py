"""The names of the code that the replay reads: settings, tables, columns, keys. They may change; values may not."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

VARIANTS: Mapping[str, Sequence[str]] = {
    "reinforce": (
        'learning.baseline="running_mean"',
        "teaching.rounds=3",
        'learning.share_lessons="none"',
        'learning.share_solutions="none"',
        'league.teacher_selection="uniform"',
        'league.curriculum="uniform"',
        'learning.practice_curriculum="uniform"',
        'learning.imitation_sampling="family_turns"',
        "league.resample_zero_variance=false",
        "league.unlock_threshold=0.2",
        'teaching.lesson_source="initial_policy"',
        'duels.opponents="self"',
    ),
    "ppo": (
        'learning.loss="ppo_clip"',
        "learning.epochs=3",
        "learning.policy_lr=2e-2",
        "teaching.rounds=3",
        'learning.share_solutions="self"',
        'league.teacher_selection="learnability"',
        'league.curriculum="learnability"',
        'learning.practice_curriculum="learnability"',
        'learning.imitation_sampling="error_rate"',
        'teaching.lesson_source="dataset"',
        'duels.opponents="nash"',
        'engine.kernels="compiled"',
    ),
    "optimistic": (
        'league.teacher_selection="ucb"',
        'league.curriculum="learnability"',
        'learning.practice_curriculum="rarity"',
        'learning.imitation_sampling="error_rate"',
        "league.snapshot_margin=0.1",
        "league.decay=1.0",
        "teaching.gate=false",
        "teaching.examples=2",
        "evaluation.fresh=true",
        'duels.opponents="uniform"',
        'engine.dtype="bfloat16"',
    ),
    "at home": (
        "teaching.matches=0",
        "league.reference_matches=0",
        'duels.opponents="hard"',
        'engine.dtype="bfloat16"',
        'engine.kernels="compiled"',
    ),
    "alarmed": (
        'monitors.stop_on=["degenerate_lesson"]',
        "monitors.degenerate_lesson=0.0",
        "monitors.min_findings=1",
    ),
    "leaked": (
        "teaching.rounds=3",
        "agents.bob.data={domains={digits=1},leaked={letters=1}}",
        'agents.alf.tools=["python","dictionary"]',
        "domains.digits.solutions=8",
        "teaching.control_shrinkage=0.0",
        "teaching.reward.rejected_lesson=-1.0",
        'duels.opponents="even"',
    ),
    "guided": (
        'agents.bob.grammar={lark=\'start: "yes" | "no"\'}',
        "learning.one_shot_fraction=1.0",
        "engine.max_tokens_per_microbatch=256",
        "engine.max_num_seqs=8",
        'duels.opponents="linear"',
    ),
    "learnable": (
        "seed=8",
        "teaching.temperature=1.3",
        "duels.rules_fraction=1.0",
        'duels.opponents="learnability"',
    ),
    "met again": (
        "teaching.rounds=4",
        "teaching.matches=12",
        "domains.letters.families={tor=[1]}",
        "domains.digits.families={vun=[1]}",
        "teaching.lessons=3",
        "league.replay_fraction=0.6",
        "league.resample_zero_variance=false",
        "league.snapshot_every=0",
        "league.reference_matches=0",
        'duels.opponents="variance"',
        "agents.abe.domain=[]",
    ),
}
"""Settings of small.toml that are changed."""
SHORT = "teaching.rounds=2"
MET = "experts.warmup_rounds=0"
"""Everybody meets from the first round on."""
WHOLE = "teaching.rounds=4"
HUB = "endpoints.hub.url={url}"
STOPPED_BY_AN_ALARM = 3
COMMANDS: Mapping[str, Sequence[str]] = {
    "report": (),
    "league": (),
    "eval": ("--seed", "7", "--n", "2"),
}
"""What tells of a run, and how it is asked."""

COLUMNS = {
    "pairs": "round, teacher, student, domain, family, level, expected, again FROM episodes ORDER BY id",
    "tests": "e.round, p.body FROM episodes e JOIN problems p ON p.id = e.test ORDER BY e.id",
    "lessons": "round, lesson FROM episodes ORDER BY id",
    "controls": "round, control FROM episodes ORDER BY id",
    "attempts": "round, attempts FROM episodes ORDER BY id",
    "duels": "round, first, second, deal, first_payoff, second_payoff FROM duels ORDER BY id",
    "moves": "round, moves FROM duels ORDER BY id",
    "questions": "round, asker, persona, domain, family, level, text, tokens, tries FROM questions ORDER BY id",
    "admitted": "q.round, p.body FROM questions q JOIN problems p ON p.id = q.problem ORDER BY q.id",
    "refused": "round, refused FROM questions ORDER BY id",
    "answers": "committed, agent, text, score FROM evaluations ORDER BY id",
    "examined": "e.committed, p.body FROM evaluations e JOIN problems p ON p.id = e.problem ORDER BY e.id",
    "reasons": "committed, reason FROM evaluations ORDER BY id",
    "accuracies": "e.committed, e.agent, p.domain, AVG(e.score) FROM evaluations e JOIN problems p ON p.id = e.problem"
    " GROUP BY e.committed, e.agent, p.domain, e.split ORDER BY e.committed, e.agent, p.domain, MIN(e.id)",
    "ledger": "round, tokens, flops, cost FROM ledger ORDER BY round, tokens, flops, cost",
}
DATABASE = "run.db"
METRICS = "round, value FROM metrics"
STATES = "round, state FROM rounds WHERE state IS NOT NULL ORDER BY round"
PROBLEMS = "id, body FROM problems"
STATE = {
    name: name
    for name in ("standings", "population", "deck", "notebook", "baseline", "admitted")
}
UNTIMED = ("seconds", "about", "commit", "budget")
"""Keys whose values differ from time to time or from place to place."""


def attempt(written: dict[str, Any]) -> list[Any]:
    return [written["text"], written["tokens"], written["score"]]


def lesson(written: dict[str, Any], problems: Mapping[str, str]) -> list[Any]:
    asked = [question(problems[name]) for name in written["problems"]]
    return [asked, [attempt(one) for one in written["examples"]]]


def move(written: Sequence[Any]) -> list[Any]:
    seat, view, choice, tried = written
    return [seat, view, choice, attempt(tried)]


def question(body: str) -> list[Any]:
    prompt, answer, solution, tests, _source = json.loads(body)
    return [prompt, answer, solution, tests]


def adapters(checkpoint: Path) -> list[Path]:
    """One of each agent, in a folder that is called like it."""
    return sorted(checkpoint.glob("*/adapter_model.safetensors"))


def optimizer(checkpoint: Path) -> Path:
    return checkpoint / "optimizer.safetensors"


def checkpoints(run: Path) -> list[Path]:
    """Those that are kept, the oldest first."""
    return sorted((run / "checkpoints").iterdir())


def results(study: Path) -> list[Path]:
    return sorted((*study.glob("results/*/*.json"), *study.glob("tuning/*/*.json")))
