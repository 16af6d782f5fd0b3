"""What a run will cost, computed from its settings and a few measured speeds.

Counts are upper bounds: experts may be good enough early, and a lesson that the gate stops is
not tried.
"""

from dataclasses import dataclass

from docendo.build.school import build_teaching_rules, count_expert_rounds
from docendo.cli.disk_usage import Solutions, database_size
from docendo.config.load import Config
from docendo.labels.parts import LabelsConfig
from docendo.problems.catalog import Catalog

__all__ = ["RunEstimate", "Speeds", "StageEstimate", "checkpoints_size", "estimate"]

_MAX_CACHE = 2 * 2**30
"""The engine's bound on its key-value cache, in bytes."""
_CHECKPOINTS = 3
"""Two are kept while the next is written."""
_SYSTEM_ANSWERS = 9
"""To a question, in all ways: one and a lesson, alone, the teacher, two of a pilot, a vote of three."""
_KUHN_SITUATIONS = 12
_MOVES = {"kuhn": 3, "tictactoe": 9}
"""Moves of one game, at most."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was measured on this machine."""

    sampled: float
    """Tokens of answers per second, the reading of their prompts included."""
    trained: float
    """Tokens per second, of prompts and answers."""
    prompt: float
    """Mean tokens of a question with its instruction."""
    solution: float
    """Mean tokens of a worked solution."""
    memory: int
    """Bytes of this process at its peak, so far."""
    rows: int
    """Completions that were sampled at once."""
    column: int
    """Bytes of the key-value cache per token."""
    adapter: int
    """Numbers in one adapter."""
    sampling: float
    """Operations per token of an answer, the reading of its prompt included."""
    training: float
    """Operations per token that is trained on."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What one stage does, in counts."""

    rounds: int = 1
    evaluations: int = 0
    """Answers that are evaluated and kept."""
    untrained: int = 0
    """Other answers that no policy gradient trains on."""
    rewarded: int = 0
    """Answers that a policy gradient trains on."""
    examples: int = 0
    """Supervised examples, each time that one is trained on."""
    labels: int = 0
    """Labels of texts, each a pass without its way back."""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """The cost of one stage."""

    name: str
    rounds: int
    answers: int
    evaluations: int
    """Those of the answers that are evaluations, which the run keeps."""
    examples: int
    """Supervised examples, each time that one is trained on."""
    sampled_tokens: int
    trained_tokens: int
    flops: float
    """Operations as the ledger counts them, without those of evaluations."""
    seconds: float


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """The cost of a whole run."""

    stages: tuple[StageEstimate, ...]
    memory: int
    """Bytes at the peak."""
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
        return sum(stage.seconds for stage in self.stages)

    @property
    def tokens(self) -> int:
        """Sampled and trained on."""
        return sum(stage.sampled_tokens + stage.trained_tokens for stage in self.stages)


def estimate(
    config: Config, catalog: Catalog, speeds: Speeds, solutions: Solutions
) -> RunEstimate:
    """The cost of each stage, peak memory, and the disk space of the run directory."""
    evaluations = len(config.domains) * config.evaluation.problems
    start = _Work(evaluations=evaluations + _count_kept(config))
    stages = (
        _price("start", start, config, speeds),
        _price("experts", _count_experts(config, catalog), config, speeds),
        _price("teaching", _count_teaching(config, catalog), config, speeds),
    )
    evaluations = sum(stage.evaluations for stage in stages)
    return RunEstimate(
        stages,
        memory=_peak_memory(config, speeds),
        database=database_size(
            config,
            solutions,
            matches=_count_matches(config),
            moves=_count_moves(config),
            evaluations=evaluations,
        ),
        checkpoints=checkpoints_size(config, speeds.adapter),
    )


def checkpoints_size(config: Config, adapter: int) -> int:
    """Bytes of all checkpoints that exist at once, for adapters of that many numbers."""
    agents = len(config.learners) + config.max_copies

    # float32: one adapter for each agent, and Adam's two averages for each and for the base
    return _CHECKPOINTS * 4 * adapter * (agents + 2 * (agents + 1))


def _peak_memory(config: Config, speeds: Speeds) -> int:
    """The measured bytes, plus what a full key-value cache adds."""
    max_tokens = config.teaching.max_tokens
    # the longest row: a lesson's question and solution, the test question, and the answer
    longest = 2 * speeds.prompt + speeds.solution + max_tokens
    full = round(min(config.engine.max_num_seqs * longest * speeds.column, _MAX_CACHE))
    measured = round(speeds.rows * (speeds.prompt + max_tokens) * speeds.column)
    return speeds.memory + max(0, full - measured)


def _count_experts(config: Config, catalog: Catalog) -> _Work:
    """Each expert is evaluated on its own domain after each round, on all after the last."""
    experts = config.experts
    rounds = count_expert_rounds(experts)
    evaluated_domains = 0
    if rounds:
        own_domains = sum(len(agent.domains) for agent in config.learners.values())
        evaluated_domains = own_domains * (rounds - 1)
        evaluated_domains += len(config.learners) * len(config.domains)

    examples = experts.steps * experts.batch_size
    total = examples * _count_rehearsing(config, catalog)
    if config.duels.pairings:
        # examples of the game's rules come on top
        rule_examples = round(examples * config.duels.rules_fraction)
        total += rule_examples * len(config.learners)
    evaluations = config.evaluation.problems * evaluated_domains
    if rounds:
        evaluations += len(config.learners) * _count_kept(config)
    return _Work(
        rounds,
        evaluations=evaluations,
        examples=total,
    )


def _count_teaching(config: Config, catalog: Catalog) -> _Work:
    teaching, learning, duels = config.teaching, config.learning, config.duels
    learners = len(config.learners)
    experts = _count_rehearsing(config, catalog)
    rules = build_teaching_rules(config)

    matches = _count_matches(config)
    practice = teaching.rounds * experts * learning.self_practice
    practice *= learning.practice_attempts
    answers = matches * rules.answers + _count_moves(config) + practice

    # a single attempt has no baseline, so that no policy gradient trains on it
    single_attempts = 0
    if learning.practice_attempts == 1:
        single_attempts += practice
    if teaching.attempts == 1:
        single_attempts += matches * teaching.lessons

    # what students are asked before a lesson, and after parts of it, is compared with nothing
    options = rules.options
    single_attempts += matches * teaching.examples * options.correction
    single_attempts += matches * teaching.lessons * 2 * options.growing_hints

    evaluated_rounds = _count_evaluated_rounds(config)
    style_samples = 0
    if duels.pairings and duels.game == "kuhn":
        style_samples = _KUHN_SITUATIONS * duels.style_samples * learners

    labelled = sampled = 0
    if isinstance(learning.labels, LabelsConfig):
        labelled = _count_meeting_rounds(config) * learners * learning.labels.texts
        sampled = labelled if learning.labels.type == "expert_distillation" else 0
    examples = teaching.rounds * (
        learners * learning.imitation + experts * learning.rehearsal
    )
    examples += labelled

    asked = len(config.domains) * config.evaluation.problems
    evaluations = evaluated_rounds * learners * (asked + _count_kept(config))
    if config.evaluation.system and teaching.rounds:
        evaluations += learners * asked * _SYSTEM_ANSWERS

    return _Work(
        rounds=teaching.rounds,
        evaluations=evaluations,
        # how agents play is also measured before the first round
        untrained=single_attempts + (evaluated_rounds + 1) * style_samples + sampled,
        rewarded=answers - single_attempts,
        examples=examples,
        # the regulariser's labels are of every example
        labels=labelled + examples * (learning.sft_kl_weight > 0),
    )


def _count_matches(config: Config) -> int:
    return _count_meeting_rounds(config) * config.teaching.matches if config.domains else 0


def _count_moves(config: Config) -> int:
    """Moves of all games, at most; both players of a pairing have the first move in turn."""
    duels = config.duels
    games = 2 * duels.pairings * duels.deals * duels.repeats
    return _count_meeting_rounds(config) * games * _MOVES[duels.game]


def _count_meeting_rounds(config: Config) -> int:
    """Agents meet only after the rounds of warming up."""
    return max(0, config.teaching.rounds - config.experts.warmup_rounds)


def _count_evaluated_rounds(config: Config) -> int:
    """Every `eval_every` rounds of teaching, and the last one in any case."""
    rounds, every = config.teaching.rounds, config.evaluation.eval_every
    if not every:
        return min(rounds, 1)
    return -(-rounds // every)


def _count_kept(config: Config) -> int:
    """Answers of one agent by which an evaluation measures forgetting."""
    settings = config.evaluation
    domains = len(config.domains) + len(settings.ood_families)
    return domains * settings.forgetting_problems


def _count_rehearsing(config: Config, catalog: Catalog) -> int:
    """How many agents have something of their own to rehearse."""
    count = 0
    for agent in config.learners.values():
        if any(catalog.levels[domain] for domain in agent.domains):
            count += 1
    return count


def _price(name: str, work: _Work, config: Config, speeds: Speeds) -> StageEstimate:
    """Tokens, operations and seconds of some work."""
    learning = config.learning
    answer_tokens = min(speeds.solution, config.teaching.max_tokens)
    answers = work.evaluations + work.untrained + work.rewarded
    sampled = answers * answer_tokens

    trained = work.examples * (speeds.prompt + speeds.solution)
    trained *= 1 + learning.one_shot_fraction
    # a rate of 0 skips the step
    if learning.policy_lr:
        # a policy gradient compares at least two attempts, which share their prompt
        tokens = answer_tokens + speeds.prompt / 2
        trained += learning.epochs * work.rewarded * tokens

    # a pass without its way back costs about half; a labeller may read a lesson first
    read = work.labels * 2 * (speeds.prompt + speeds.solution) / 2

    # the ledger of a study leaves evaluations out of its budget
    counted = (work.untrained + work.rewarded) * answer_tokens
    return StageEstimate(
        name=name,
        rounds=work.rounds,
        answers=answers,
        evaluations=work.evaluations,
        examples=work.examples,
        sampled_tokens=round(sampled),
        trained_tokens=round(trained),
        flops=counted * speeds.sampling + (trained + read) * speeds.training,
        seconds=sampled / speeds.sampled + (trained + read) / speeds.trained,
    )
