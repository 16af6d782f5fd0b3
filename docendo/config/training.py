"""The tables of training: engine, experts, teaching, learning, league, duels, evaluation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from docendo.config.fields import Positive, Rate, Share
from docendo.parts import ConfigModel, Part, PartConfig, default_part
from docendo.thinking import ThinkingConfig

__all__ = [
    "WITHOUT_GPU",
    "DuelsConfig",
    "EngineConfig",
    "EvaluationConfig",
    "ExpertsConfig",
    "LeagueConfig",
    "LearningConfig",
    "TeachingConfig",
]

WITHOUT_GPU = {"max_tokens_per_microbatch": 1536}
"""Limits of the engine where they are left open and no GPU's free memory says more."""


class EngineConfig(ConfigModel):
    rank: Annotated[int, Field(ge=1, le=256)] = 8
    """Rank of every LoRA adapter."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """Scale of every adapter: its update is multiplied by alpha / rank."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the base model. "auto": the faster one, measured once when the run
    is made."""
    kernels: Literal["auto", "compiled", "torch"] = "auto"
    """Implementation of decoding on a CPU. "compiled": C code, built on this machine.
    "auto": the faster one, measured once."""
    backend: Annotated[PartConfig, Part("backend", "local")] = default_part(
        "backend", "local"
    )
    """Backend that samples, scores and trains. Your own: "package.module:name"."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device of the model. "auto": cuda if there is one, else mps, else cpu."""
    max_num_seqs: Positive = 128
    """Maximum number of completions that are sampled at once, over all workers."""
    max_tokens_per_microbatch: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Maximum number of tokens per backward pass, over all workers, at least 64. Halved if memory
    runs out. 0: as many as fit into the free memory of a GPU; 1536 elsewhere."""
    recompute: Literal["auto", "on", "off"] = "auto"
    """Whether a backward pass computes each layer again, instead of keeping what it needs. It
    saves memory and takes about a third longer. "auto": on a GPU with little memory."""
    chat: dict[str, bool | int | float | str] = {}
    """Variables of the model's chat template, such as `enable_thinking = false`. Empty: the
    template's own values."""
    thinking: ThinkingConfig = ThinkingConfig()
    """The block of text that some models write before an answer."""
    trust_remote_code: bool = False
    """Whether Python code that comes with a model may run, with your rights. Dangerous:
    read it first."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        tokens = self.max_tokens_per_microbatch
        if 0 < tokens < 64:
            raise ValueError(
                f"max_tokens_per_microbatch: expected at least 64, or 0; got {tokens}"
            )
        return self


class ExpertsConfig(ConfigModel):
    steps: Annotated[int, Field(ge=0, le=1_000_000)] = 28
    """Maximum number of supervised steps in this stage."""
    eval_every: Positive = 14
    """Number of steps between two evaluations on held-out problems."""
    target_accuracy: Share = 0.95
    """Accuracy on held-out problems at which the stage ends early, once every expert
    reaches it."""
    batch_size: Positive = 8
    """Worked solutions per expert and step."""
    lr: Rate = 1.5e-3
    """Learning rate. It falls linearly to a tenth."""
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Decay of adapters towards the base model in this stage; see `learning.weight_decay`."""
    warmup_rounds: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Number of initial rounds without teaching. Agents train on their own domain only."""


class TeachingConfig(ConfigModel):
    rounds: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Number of rounds of the teaching game."""
    matches: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    """Matches per round. 0: nobody teaches; agents only practise."""
    lesson_source: Literal["policy", "initial_policy", "dataset"] = "policy"
    """Who writes lessons. "policy": agents as they are. "initial_policy": agents as they
    were before stage 2. "dataset": worked solutions."""
    lessons: Annotated[int, Field(ge=2, le=64)] = 2
    """Lessons per match, at least 2. They are compared with each other."""
    candidates: Annotated[int, Field(ge=0, le=256)] = 0
    """Lessons that are written per match. The `lessons` with the highest dense gain are shown.
    0: as many as are shown."""
    examples: Annotated[int, Field(ge=1, le=3)] = 1
    """Worked examples per lesson."""
    example_choice: Literal["random", "diverse"] = "random"
    """Choice of the problems that a lesson's examples solve. "diverse": those whose questions
    differ most. Needs `examples` of 2 or 3."""
    correction: bool = False
    """Whether the student first tries the problems to be taught, and the teacher corrects its
    wrong answers."""
    growing_hints: bool = False
    """Whether the student sees a third of a lesson, then two thirds, then all of it, up to its
    first right answer."""
    show_record: bool = False
    """Whether a teacher is told how often its student is right without help."""
    attempts: Positive = 4
    """Attempts of the student per lesson."""
    control_attempts: Positive = 4
    """Attempts of the student without a lesson, per match."""
    control_shrinkage: Annotated[float, Field(ge=0, le=1000)] = 4.0
    """Weight of the student's running success rate in the control estimate, in attempts."""
    gate: bool = True
    """Whether lessons with a wrong final answer are withheld from the student."""
    reward: Annotated[PartConfig, Part("reward", "gain")] = default_part("reward", "gain")
    """Rewards of teacher and student for an episode. Your own: "package.module:name"."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 48
    """Maximum length of an answer, in tokens."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Sampling temperature during training. Evaluation is greedy. The policy gradient is
    unbiased only at 1."""

    @property
    def chooses_lessons(self) -> bool:
        """Whether more lessons are written than are shown."""
        return self.candidates > self.lessons

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if 0 < self.candidates < self.lessons:
            raise ValueError(
                f"candidates: expected at least lessons = {self.lessons}, or 0; got {self.candidates}"
            )
        if self.example_choice == "diverse" and self.examples == 1:
            raise ValueError(
                "example_choice: a single example differs from no other; expected examples = 2 or 3"
            )
        if self.chooses_lessons and not self.gate:
            raise ValueError(
                "candidates: only lessons that pass the gate are chosen from; expected gate = true"
            )
        return self


class LearningConfig(ConfigModel):
    baseline: Annotated[PartConfig, Part("baseline")] = default_part(
        "baseline", "leave_one_out"
    )
    """Baseline that is subtracted from rewards. Your own: "package.module:name"."""
    loss: Annotated[PartConfig, Part("loss", "policy_gradient")] = default_part(
        "loss", "policy_gradient"
    )
    """Loss of the policy update. Your own: "package.module:name"."""
    epochs: Positive = 1
    """Passes over the sampled completions. More than 1 needs a clipped loss, such as
    "ppo_clip"."""
    measure_kl: bool = False
    """Whether each round measures the KL divergence of the policy from the base model. Costs
    one scoring pass per round."""
    policy_lr: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """Learning rate of the policy-gradient step."""
    sft_lr: Rate = 6e-4
    """Learning rate of imitation and rehearsal."""
    batch_size: Positive = 8
    """Examples per agent in one supervised step."""
    imitation: Annotated[int, Field(ge=0, le=1_000_000)] = 14
    """Maximum number of demonstrations that each agent imitates per round."""
    rehearsal: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    """Worked solutions of its own domain that each expert trains on per round."""
    self_practice: Annotated[int, Field(ge=0, le=1_000_000)] = 2
    """Practice problems per expert and round, from its own domain."""
    practice_attempts: Annotated[int, Field(ge=1, le=1024)] = 4
    """Attempts per practice problem. With 1 there is no group baseline, so only imitation
    (`share_solutions`) learns from it."""
    one_shot_fraction: Share = 0.33
    """Fraction of supervised examples that follow another worked example in the prompt."""
    rehearsal_one_shot_fraction: Share | None = None
    """The same for rehearsal alone. Default: `one_shot_fraction`."""
    practice_curriculum: Annotated[PartConfig, Part("curriculum")] = default_part(
        "curriculum", "uniform"
    )
    """Choice of task types for self-practice. Your own: "package.module:name"."""
    sft_data: Annotated[PartConfig, Part("sft_data")] | None = None
    """Rule that picks the supervised examples of a round. Default: rehearsal of the agent's own
    data and imitation of demonstrations. Your own: "package.module:name"."""
    labels: Annotated[PartConfig, Part("labels")] | None = None
    """Texts on which agents learn a labeller's whole distribution, beside imitation. Default:
    none. Your own: "package.module:name"."""
    sft_kl_weight: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Weight of the KL divergence from the base model in supervised steps of stage 2. 0: none."""
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Decay of adapters towards the base model in the steps of stage 2 (AdamW). A step of learning
    rate r first shrinks the adapter by the fraction r * `weight_decay`. Against forgetting; 0: none."""
    imitation_sampling: Literal["family_turns", "error_rate"] = "family_turns"
    """Choice of demonstrations. "family_turns": families take turns. "error_rate": more of
    what the agent gets wrong."""
    share_lessons: Literal["none", "all"] = "all"
    """Who imitates a useful lesson. "none": the student alone. "all": every agent that is
    not an expert in its domain."""
    share_solutions: Literal["none", "self", "all"] = "none"
    """Who imitates correct practice answers. "none": nobody. "self": their author. "all":
    every agent."""
    withhold_fraction: Share = 0.0
    """Fraction of students that, for each family, imitate none of the useful lessons. They are
    drawn by seed. The difference to the other students is what lessons leave in the weights."""

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
    matchmaker: Annotated[PartConfig, Part("matchmaker")] | None = None
    """Rule that makes the matches of a round. Default: `curriculum` picks task types,
    `teacher_selection` teachers. Your own: "package.module:name"."""
    teacher_selection: Annotated[PartConfig, Part("teacher_selection")] = default_part(
        "teacher_selection", "uniform"
    )
    """Choice of a student's teacher by past gains. Your own: "package.module:name"."""
    curriculum: Annotated[PartConfig, Part("curriculum")] = default_part(
        "curriculum", "uniform"
    )
    """Choice of task types for matches. Your own: "package.module:name"."""
    unlock_threshold: Share = 0.0
    """Success rate at a level that unlocks the next one. 0: all levels are open."""
    replay_fraction: Share = 0.0
    """Fraction of test problems that the student has met before and solved only
    sometimes."""
    resample_zero_variance: bool = False
    """Whether completions that the gate saved go to new matches, in place of matches with
    equal rewards."""
    snapshot_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Number of rounds between frozen copies of all agents. 0: none."""
    snapshot_margin: Share = 0.0
    """Improvement over its newest copy at which an agent is copied again. 0: off."""
    snapshots: Positive = 2
    """Maximum number of copies per agent. The oldest leave."""
    reference_matches: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Matches per round that teach a frozen copy from before stage 2, as a yardstick."""
    replace_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Number of rounds between replacements: the weakest agent of a domain becomes a
    mutated or crossed copy of the best. 0: never."""
    mutation: Share = 0.02
    """Size of the noise in such a copy, relative to the root mean square of each weight
    matrix."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Factor on the standings' evidence per round. 1: nothing is forgotten."""


class DuelsConfig(ConfigModel):
    game: Literal["kuhn", "tictactoe"] = "kuhn"
    """Game that agents play."""
    pairings: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Pairings per round. 0: no duels."""
    deals: Positive = 6
    """Deals per pairing. Each is played from both seats."""
    repeats: Annotated[int, Field(ge=2, le=1024)] = 4
    """Repetitions of each deal and seat, which are compared with each other."""
    opponents: Annotated[PartConfig, Part("opponent_selection")] = default_part(
        "opponent_selection", "alphastar"
    )
    """Choice of a main agent's opponent by win rates. Your own: "package.module:name"."""
    rules_fraction: Share = 0.15
    """Legal moves from random games to imitate in stage 1, as a fraction of an expert's
    examples."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 12
    """Maximum length of a move, in tokens."""
    style_samples: Positive = 32
    """Samples per situation of the game from which an agent's strategy is estimated at
    evaluations."""


class EvaluationConfig(ConfigModel):
    problems: Positive = 36
    """Held-out problems per domain."""
    eval_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Number of rounds between evaluations. 0: only before and after stage 2."""
    seed: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    """Seed that selects the held-out problems."""
    forgetting_problems: Annotated[int, Field(ge=0, le=1_000_000)] = 4
    """Held-out problems per domain that are also answered after a worked example. Whoever can
    answer fewer than the base has forgotten to read one. 0: forgetting is not measured."""
    ood_families: dict[str, dict[str, list[int]]] = {}
    """Levels of families, by domain, that no agent trains on. An empty list: all levels."""
    system: bool = False
    """Whether the population is tested as a system at the end: an agent asks the recommended
    teacher for a lesson first. Against itself alone, and a vote at equal compute."""
    fresh: bool = False
    """Whether a second set of held-out problems is used, too. Always on if an agent's data
    are contaminated."""
