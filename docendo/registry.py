"""The registered parts: one line for each, from its kind and name to where it is."""

__all__ = ["PARTS"]

PARTS: dict[str, dict[str, str]] = {
    "asker": {
        "file": "docendo.datasets.file_source:FileAskerConfig",
        "function": "docendo.problems.user_function:FunctionAskerConfig",
        "gym": "docendo.problems.gym:GymAskerConfig",
        "person": "docendo.asking.people:PersonAskerConfig",
        "persona": "docendo.asking.personas:PersonaAskerConfig",
    },
    "backend": {
        "local": "docendo.engines.local.backend_config:LocalBackendConfig",
    },
    "baseline": {
        "leave_one_out": "docendo.learning.baselines:LeaveOneOutConfig",
        "running_mean": "docendo.learning.baselines:RunningMeanConfig",
    },
    "curriculum": {
        "learnability": "docendo.league.curriculum:ByLearnabilityConfig",
        "plr": "docendo.league.curriculum:PrioritizedLevelReplayConfig",
        "rarity": "docendo.league.curriculum:ByRarityConfig",
        "uniform": "docendo.league.curriculum:UniformCurriculumConfig",
    },
    "domain": {
        "mathematics": "docendo.problems.arithmetic:MathematicsConfig",
        "programming": "docendo.problems.programs:ProgrammingConfig",
        "biology": "docendo.problems.biology:BiologyConfig",
        "letters": "docendo.problems.procedures:ProcedureConfig",
        "digits": "docendo.problems.procedures:ProcedureConfig",
        "genes": "docendo.problems.procedures:ProcedureConfig",
        "clock": "docendo.problems.procedures:ProcedureConfig",
        "lower": "docendo.problems.rules:RuleConfig",
        "upper": "docendo.problems.rules:RuleConfig",
        "codes": "docendo.problems.rules:RuleConfig",
        "signs": "docendo.problems.rules:RuleConfig",
    },
    "evaluator": {
        "all": "docendo.graders.combinators:AllConfig",
        "any": "docendo.graders.combinators:AnyConfig",
        "compiler": "docendo.graders.compilers:CompilerConfig",
        "first": "docendo.graders.combinators:FirstApplicableConfig",
        "format": "docendo.graders.format:FormatConfig",
        "function": "docendo.graders.user_function:FunctionEvaluatorConfig",
        "gate": "docendo.graders.combinators:GateEvaluatorConfig",
        "human": "docendo.humans.rating:HumanRaterConfig",
        "judge": "docendo.judges.judge:JudgeConfig",
        "numeric": "docendo.graders.numbers:NumericConfig",
        "person": "docendo.humans.simulated:PersonEvaluatorConfig",
        "spelling": "docendo.graders.spelling:SpellingConfig",
        "symbolic": "docendo.graders.formulas:SymbolicConfig",
        "tests": "docendo.graders.unit_tests:UnitTestConfig",
        "truth": "docendo.graders.ground_truth:TruthConfig",
        "weighted": "docendo.graders.combinators:WeightedConfig",
    },
    "labels": {
        "expert_distillation": "docendo.labels.parts:LabelsConfig",
        "self_distillation": "docendo.labels.parts:LabelsConfig",
        "soft_labels": "docendo.labels.parts:LabelsConfig",
    },
    "loss": {
        "gspo": "docendo.learning.losses:GSPOConfig",
        "policy_gradient": "docendo.learning.losses:PolicyGradientConfig",
        "ppo_clip": "docendo.learning.losses:PPOClipConfig",
    },
    "matchmaker": {
        "round_robin": "docendo.league.teaching_matches:RoundRobinConfig",
    },
    "opponent_selection": {
        "alphastar": "docendo.league.duel_matches:AlphaStarConfig",
        "even": "docendo.league.matchmaking:PrioritizedSelfPlayConfig",
        "hard": "docendo.league.matchmaking:PrioritizedSelfPlayConfig",
        "learnability": "docendo.league.matchmaking:LearnableTeachersConfig",
        "linear": "docendo.league.matchmaking:PrioritizedSelfPlayConfig",
        "nash": "docendo.league.matchmaking:NashMixtureConfig",
        "self": "docendo.league.matchmaking:SelfPlayConfig",
        "uniform": "docendo.league.matchmaking:UniformConfig",
        "variance": "docendo.league.matchmaking:PrioritizedSelfPlayConfig",
    },
    "tracker": {
        "jsonl": "docendo.trackers.jsonl:JsonLinesConfig",
    },
    "reward": {
        "dense_gain": "docendo.learning.rewards:DenseGainRewardConfig",
        "gain": "docendo.learning.rewards:GainRewardConfig",
    },
    "sandbox": {
        "isolated": "docendo.sandbox.cpython:IsolatedConfig",
        "monty": "docendo.sandbox.monty:MontyConfig",
    },
    "sft_data": {
        "demonstrations": "docendo.sft_data:DemonstrationsConfig",
    },
    "teacher_selection": {
        "learnability": "docendo.league.matchmaking:LearnableTeachersConfig",
        "thompson": "docendo.league.matchmaking:ThompsonConfig",
        "ucb": "docendo.league.matchmaking:UpperConfidenceConfig",
        "uniform": "docendo.league.matchmaking:UniformConfig",
    },
}
"""Kind of part -> registered name -> where its `PartConfig` is, as ``package.module:Class``."""
