"""What passes between the stages: frozen, printable, and free of behaviour.

problem -> match -> lesson -> attempt -> verdict -> episode -> payoff -> credit -> update
"""

from docendo.records.agents import BASE, AgentId, base_agent, is_frozen_copy
from docendo.records.answers import (
    FAILED,
    Answer,
    Completion,
    Grammar,
    Outcome,
    Request,
    Rollout,
    Verdict,
    mean_score,
    sampled_mask,
)
from docendo.records.findings import Finding
from docendo.records.games import (
    Duel,
    Episode,
    EvalSplit,
    Evaluation,
    Lesson,
    Move,
    Opinion,
    Pairing,
    Payoff,
    Question,
    Vote,
    by_match,
)
from docendo.records.metrics import (
    Metric,
    MetricKey,
    Metrics,
    MetricSeries,
    MetricValues,
)
from docendo.records.problems import (
    Match,
    Message,
    Problem,
    TaskType,
    TeachingOption,
    problem_of,
)
from docendo.records.training import (
    DISCARDED,
    Example,
    Gradient,
    ScoredSample,
    Target,
    Usage,
)

__all__ = [
    "BASE",
    "DISCARDED",
    "FAILED",
    "AgentId",
    "Answer",
    "Completion",
    "Duel",
    "Episode",
    "EvalSplit",
    "Evaluation",
    "Example",
    "Finding",
    "Gradient",
    "Grammar",
    "Lesson",
    "Match",
    "Message",
    "Metric",
    "MetricKey",
    "MetricSeries",
    "MetricValues",
    "Metrics",
    "Move",
    "Opinion",
    "Outcome",
    "Pairing",
    "Payoff",
    "Problem",
    "Question",
    "Request",
    "Rollout",
    "ScoredSample",
    "Target",
    "TaskType",
    "TeachingOption",
    "Usage",
    "Verdict",
    "Vote",
    "base_agent",
    "by_match",
    "is_frozen_copy",
    "mean_score",
    "problem_of",
    "sampled_mask",
]
