"""What a run will cost, worked out from its settings and a few speeds. Pure arithmetic.

Counts are upper bounds: experts may be good enough early, and a lesson that the gate stops is not tried.
"""

from dataclasses import dataclass

from docendo.build.school import Catalog, expert_rounds
from docendo.cli.disk_usage import Written, database_size
from docendo.config.load import Config

__all__ = ["RunEstimate", "Speeds", "StageEstimate", "checkpoints_size", "estimate"]

_CACHE = 2 * 2**30
"""The engine's bound on its key-value cache, in bytes."""
_CHECKPOINTS = 3
"""Two are kept while the next is written."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was measured on this machine."""

    sampled: float
    """Tokens of answers per second, the reading of their prompts included."""
    trained: float
    """Tokens per second, of prompts and answers."""
    prompt: float
    """Tokens of a question with its instruction, on average."""
    solution: float
    """Tokens of a worked solution, on average."""
    memory: int
    """Bytes of this process at its peak, so far."""
    rows: int
    """Completions that were in flight."""
    column: int
    """Bytes of the key-value cache per token."""
    adapter: int
    """Numbers in one adapter."""
    sampling: float
    """Operations per token of an answer, the reading of its prompt included."""
    training: float
    """Operations per token that is trained on."""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    name: str
    rounds: int
    answers: int
    examined: int
    """Those of the answers that are evaluations, which the run keeps."""
    examples: int
    """Supervised, one at a time."""
    sampled_tokens: int
    trained_tokens: int
    flops: float
    """Operations as the ledger counts them, without those of evaluations."""
    seconds: float


@dataclass(frozen=True, slots=True)
class RunEstimate:
    stages: tuple[StageEstimate, ...]
    memory: int
    """Bytes."""
    database: int
    """Bytes of run.db."""
    checkpoints: int
    """Bytes."""

    @property
    def disk(self) -> int:
        """Bytes of the run directory."""
        return self.database + self.checkpoints

    @property
    def seconds(self) -> float:
        return sum(s.seconds for s in self.stages)

    @property
    def tokens(self) -> int:
        """Sampled and trained on."""
        return sum(s.sampled_tokens + s.trained_tokens for s in self.stages)


def estimate(
    config: Config, found: Catalog, speeds: Speeds, written: Written
) -> RunEstimate:
    """Stages with their counts, tokens and seconds; peak memory; disk of the run directory."""
    stages = (
        _start(config, speeds),
        _experts(config, found, speeds),
        _teaching(config, found, speeds),
    )
    database = database_size(config, written, sum(s.examined for s in stages))
    longest = 2 * speeds.prompt + speeds.solution + config.teaching.max_tokens
    cache = round(min(config.engine.max_num_seqs * longest * speeds.column, _CACHE))
    measured = round(
        speeds.rows * (speeds.prompt + config.teaching.max_tokens) * speeds.column
    )
    memory = speeds.memory + max(0, cache - measured)
    return RunEstimate(stages, memory, database, checkpoints_size(config, speeds.adapter))


def checkpoints_size(config: Config, adapter: int) -> int:
    """Bytes of all checkpoints that are there at once, where an adapter has so many numbers."""
    agents = len(config.learners) * (1 + _copies(config))
    # an adapter for each agent and frozen copy, and Adam's two averages for each and for the base
    return _CHECKPOINTS * 4 * adapter * (agents + 2 * (agents + 1))


def _copies(config: Config) -> int:
    """Frozen copies of each agent, at the most."""
    plan = config.league
    return (plan.snapshots if plan.snapshot_every or plan.snapshot_margin else 0) + (
        plan.anchored > 0
    )


def _moves(config: Config) -> int:
    """Moves of all duels of a round, at the most; each counts as an answer, though it is shorter."""
    plan = config.duels
    return 2 * plan.pairings * plan.deals * plan.repeats * (3 if plan.game == "kuhn" else 9)


def _styles(config: Config) -> int:
    """Answers from which it is estimated how everybody plays: in Kuhn poker's twelve situations."""
    plan = config.duels
    return (
        12 * plan.style_samples * len(config.learners)
        if plan.pairings and plan.game == "kuhn"
        else 0
    )


def _start(config: Config, speeds: Speeds) -> StageEstimate:
    """The base model on everything."""
    return _stage(
        config,
        speeds,
        "start",
        (1, len(config.domains) * config.evaluation.problems, 0, 0, 0),
    )


def _experts(config: Config, found: Catalog, speeds: Speeds) -> StageEstimate:
    """Every expert on its own domain after each round, and on all others after the last."""
    rounds, cells = (
        expert_rounds(config.experts),
        len(config.learners) * len(config.domains),
    )
    own = sum(len(a.domains) for a in config.learners.values())
    examined = config.evaluation.problems * (own * (rounds - 1) + cells) if rounds else 0
    e = config.experts
    examples = e.steps * e.batch_size * len(_learned(config, found))
    if config.duels.pairings:
        examples += round(e.steps * e.batch_size * config.duels.rules_fraction) * len(
            config.learners
        )
    return _stage(config, speeds, "experts", (rounds, examined, 0, 0, examples))


def _teaching(config: Config, found: Catalog, speeds: Speeds) -> StageEstimate:
    t, learn, e = config.teaching, config.learning, config.evaluation
    experts = len(_learned(config, found))
    lessons = (
        t.matches * t.lessons * (t.examples + t.attempts) + t.matches * t.control_attempts
    )
    lessons = lessons if config.domains else 0
    practice = t.rounds * experts * learn.self_practice * learn.practice_attempts
    met = max(0, t.rounds - config.experts.warmup_rounds)
    alone = practice if learn.practice_attempts == 1 else 0
    alone += met * t.matches * t.lessons if t.attempts == 1 and config.domains else 0
    earned = met * (lessons + _moves(config)) + practice - alone
    looks = sum(
        i == t.rounds or (e.eval_every > 0 and i % e.eval_every == 0)
        for i in range(1, t.rounds + 1)
    )
    examined = looks * len(config.learners) * len(config.domains) * e.problems
    styles = (looks + 1) * _styles(config)
    examples = t.rounds * (
        len(config.learners) * learn.imitation + experts * learn.rehearsal
    )
    return _stage(
        config, speeds, "teaching", (t.rounds, examined, styles + alone, earned, examples)
    )


def _learned(config: Config, found: Catalog) -> list[str]:
    """The agents that have something of their own to rehearse."""
    return [
        n for n, a in config.learners.items() if any(found.levels[d] for d in a.domains)
    ]


def _stage(
    config: Config, speeds: Speeds, name: str, counts: tuple[int, int, int, int, int]
) -> StageEstimate:
    """`counts`: rounds, answers that are evaluations, other answers without a policy gradient, answers with one,
    supervised examples."""
    rounds, examined, others, earned, examples = counts
    answer = min(speeds.solution, config.teaching.max_tokens)
    answers = examined + others + earned
    # a policy gradient compares at least two attempts, which share their prompt
    policy = (
        config.learning.epochs * earned * (answer + speeds.prompt / 2)
        if config.learning.policy_lr
        else 0.0
    )
    supervised = (
        examples
        * (speeds.prompt + speeds.solution)
        * (1 + config.learning.one_shot_fraction)
    )
    sampled = answers * answer
    trained = policy + supervised
    seconds = sampled / speeds.sampled + trained / speeds.trained
    flops = (others + earned) * answer * speeds.sampling + trained * speeds.training
    return StageEstimate(
        name,
        rounds,
        answers,
        examined,
        examples,
        round(sampled),
        round(trained),
        flops,
        seconds,
    )
