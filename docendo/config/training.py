"""The tables of training: engine, experts, teaching, learning, league, duels, evaluation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from docendo.config.fields import Positive, Rate, Share
from docendo.parts import ConfigModel, Part, PartConfig, default_part

__all__ = [
    "DuelsConfig",
    "EngineConfig",
    "EvaluationConfig",
    "ExpertsConfig",
    "LeagueConfig",
    "LearningConfig",
    "TeachingConfig",
]


class EngineConfig(ConfigModel):
    rank: Annotated[int, Field(ge=1, le=256)] = 8
    """Of every adapter."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """An adapter's update is scaled by alpha / rank."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: whichever multiplies faster on this machine, measured once when the run is made."""
    kernels: Literal["auto", "compiled", "torch"] = "auto"
    """compiled: decode with functions made by this machine's C compiler; auto: where that is faster, measured once."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto: cuda, else mps, else cpu."""
    max_num_seqs: Positive = 128
    """Completions in flight at once, over all lanes; one that ends makes room for the next."""
    max_tokens_per_microbatch: Annotated[int, Field(ge=64, le=10_000_000)] = 1536
    """Tokens of the backward passes of all lanes together; halved where memory runs out."""
    trust_remote_code: bool = False
    """Dangerous: true runs the Python files that a model brings along, with your rights. Read them first."""


class ExpertsConfig(ConfigModel):
    steps: Annotated[int, Field(ge=0, le=1_000_000)] = 28
    """Supervised steps at the most."""
    eval_every: Positive = 14
    """Steps between two looks at the held-out problems."""
    target_accuracy: Share = 0.95
    """Stops early once every expert is right this often on the held-out problems of its domain."""
    batch_size: Positive = 8
    """Worked solutions of each expert in one step."""
    lr: Rate = 1.5e-3
    """Learning rate, falling linearly to a tenth."""
    warmup_rounds: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Of the rounds of teaching the first in which nobody meets anybody: everyone practises, rehearses and imitates its
    own domain alone, and what it gets right waits for those who read its homework."""


class TeachingConfig(ConfigModel):
    rounds: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Rounds of the teaching game, after the experts have studied."""
    matches: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    """Matches in a round; 0: nobody teaches, everybody works at home."""
    lesson_source: Literal["policy", "initial_policy", "dataset"] = "policy"
    """Who writes lessons: agents as they are now; as they were before the teaching; nobody: worked solutions."""
    lessons: Annotated[int, Field(ge=2, le=64)] = 2
    """Lessons a teacher writes in one match; at least 2, since they are compared with each other."""
    examples: Annotated[int, Field(ge=1, le=3)] = 1
    """Worked examples in a lesson."""
    attempts: Positive = 4
    """Answers of the student with each lesson."""
    control_attempts: Positive = 4
    """Answers of the student without a lesson."""
    control_shrinkage: Annotated[float, Field(ge=0, le=1000)] = 4.0
    """Attempts that the student's running rate counts for in the control estimate."""
    gate: bool = True
    """Whether a lesson that is wrong itself is not shown."""
    reward: Annotated[PartConfig, Part("reward", "gain")] = default_part("reward", "gain")
    """What teacher and student are paid for an episode. Your own: "package.module:name"."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 48
    """Tokens of an answer at the most."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Of everything that is sampled in the game; evaluation takes the likeliest token. A policy gradient is unbiased at
    1 alone."""


class LearningConfig(ConfigModel):
    baseline: Annotated[PartConfig, Part("baseline")] = default_part(
        "baseline", "leave_one_out"
    )
    """What rewards are compared with. Your own: "package.module:name"."""
    loss: Annotated[PartConfig, Part("loss", "policy_gradient")] = default_part(
        "loss", "policy_gradient"
    )
    """Loss of the policy update. Your own: "package.module:name"."""
    epochs: Positive = 1
    """Passes over the sampled completions; more than one needs a clipped loss such as ppo_clip."""
    policy_lr: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """Learning rate of the policy-gradient step."""
    sft_lr: Rate = 6e-4
    """Learning rate of imitation and rehearsal."""
    batch_size: Positive = 8
    """Examples of each agent in one supervised step."""
    imitation: Annotated[int, Field(ge=0, le=1_000_000)] = 14
    """Useful examples that each student trains on in a round."""
    rehearsal: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    """Worked solutions of its own domain that each expert trains on in a round."""
    self_practice: Annotated[int, Field(ge=0, le=1_000_000)] = 2
    """Problems of its own domain that each expert works on in a round."""
    practice_attempts: Annotated[int, Field(ge=1, le=1024)] = 4
    """Attempts at each of them. A single one is compared with nothing: only who imitates it, by homework, learns."""
    one_shot_fraction: Share = 0.33
    """Share of the supervised examples that follow a worked example."""
    practice_curriculum: Annotated[PartConfig, Part("curriculum")] = default_part(
        "curriculum", "uniform"
    )
    """Which task types agents practise on their own. Your own: "package.module:name"."""
    imitation_sampling: Literal["family_turns", "error_rate"] = "family_turns"
    """Which demonstrations are imitated: families take turns, or more of what the agent gets wrong."""
    share_lessons: Literal["none", "all"] = "all"
    """Who may imitate a useful lesson: the student it was given to, or everybody who is no expert of its domain."""
    share_solutions: Literal["none", "self", "all"] = "none"
    """Who imitates right answers of home practice: nobody, who gave them, or everybody."""

    @model_validator(mode="after")
    def _learns(self) -> Self:
        imitated = self.share_solutions != "none" and self.imitation > 0
        if self.self_practice and self.practice_attempts == 1 and not imitated:
            raise ValueError(
                "practice_attempts: nobody learns from a single attempt, since it is compared with nothing; "
                "wanted at least 2, or share_solutions = 'self' or 'all' and some imitation; got 1"
            )
        return self


class LeagueConfig(ConfigModel):
    teacher_selection: Annotated[PartConfig, Part("teacher_selection")] = default_part(
        "teacher_selection", "uniform"
    )
    """How a student's teacher is chosen from its gains. Your own: "package.module:name"."""
    curriculum: Annotated[PartConfig, Part("curriculum")] = default_part(
        "curriculum", "uniform"
    )
    """Which task types matches are on. Your own: "package.module:name"."""
    unlock_threshold: Share = 0.0
    """Success rate at a level that unlocks the next one; 0: all levels are open from the start."""
    replay_fraction: Share = 0.0
    """Share of test problems that the student has met before and solved only sometimes."""
    resample_zero_variance: bool = False
    """Whether completions that the gate saved replace matches whose rewards do not vary."""
    snapshot_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rounds after which a frozen copy of every agent joins the league; 0: none."""
    snapshot_margin: Share = 0.0
    """A copy also joins once the agent beats its newest copy by so much; 0: not."""
    snapshots: Positive = 2
    """Copies kept of each agent; the oldest leave."""
    reference_matches: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Matches of a round whose student is a frozen copy from before the teaching, to measure teachers by."""
    replace_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rounds after which the weakest of agents with the same domains becomes a mutated or crossed copy of the best."""
    mutation: Share = 0.02
    """Size of the mutation, relative to the weights."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Of the standings' evidence, with each round; 1 never forgets."""


class DuelsConfig(ConfigModel):
    game: Literal["kuhn", "tictactoe"] = "kuhn"
    """What agents play against each other."""
    pairings: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Pairings in a round; 0: no duels."""
    deals: Positive = 6
    """Deals of each pairing, each from both seats."""
    repeats: Annotated[int, Field(ge=2, le=1024)] = 4
    """Times that each deal is played from each seat: an agent's payoffs are compared between them."""
    opponents: Annotated[PartConfig, Part("opponent_selection")] = default_part(
        "opponent_selection", "alphastar"
    )
    """How a main agent's opponent is chosen from win rates. Your own: "package.module:name"."""
    rules_fraction: Share = 0.15
    """Turns of random games that players imitate while the experts study, as a share of an expert's examples."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 12
    """Tokens of a move at the most."""
    style_samples: Positive = 32
    """Answers in each situation from which an agent's way to play is estimated, at evaluations."""


class EvaluationConfig(ConfigModel):
    problems: Positive = 36
    """Held-out problems of each domain."""
    eval_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rounds between two evaluations of everybody on everything; 0: only before and after the teaching."""
    seed: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    """Picks the held-out problems."""
    fresh: bool = False
    """Also examines everybody on other held-out problems; always done where an agent's data holds leaked ones."""
