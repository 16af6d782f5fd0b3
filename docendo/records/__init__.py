"""What passes between the stages: frozen, printable, and free of behaviour.

problem -> match -> lesson -> attempt -> verdict -> episode -> payoff -> credit -> update
"""

from docendo.records.agents import BASE, AgentId, origin
from docendo.records.answers import Answer, Attempt, Completion, Grammar, Request, Verdict, mean_score
from docendo.records.games import Duel, Episode, Evaluation, Lesson, Move, Opinion, Pairing, Question, Split, by_match
from docendo.records.problems import Course, Kind, Match, Message, Problem, problem_of
from docendo.records.training import DISCARDED, Credit, Example, Gradient, Payoff, Target, Work

__all__ = [
    "BASE",
    "DISCARDED",
    "AgentId",
    "Answer",
    "Attempt",
    "Completion",
    "Course",
    "Credit",
    "Duel",
    "Episode",
    "Evaluation",
    "Example",
    "Gradient",
    "Grammar",
    "Kind",
    "Lesson",
    "Match",
    "Message",
    "Move",
    "Opinion",
    "Pairing",
    "Payoff",
    "Problem",
    "Question",
    "Request",
    "Split",
    "Target",
    "Verdict",
    "Work",
    "by_match",
    "mean_score",
    "origin",
    "problem_of",
]
