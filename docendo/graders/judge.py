"""A model that judges: an expert that is neither who asked nor who answered, the base, or an endpoint.

Two ways. *Solving*: the judge answers the question itself and its final answer is compared with the other's; it never
sees that answer, so nothing in it can sway it. *Reading*: the judge is shown question and answer and says right or
wrong; answers that are made to sway it are kept from it by rules, and small models are poor at it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from docendo.graders.grading import exact, final_answer
from docendo.interfaces import Engine
from docendo.prompts import INSTRUCTION, prefer, solve, verdict
from docendo.records import AgentId, Answer, Problem, Request, Verdict, origin
from docendo.seeds import seed_for

__all__ = ["Judge", "suspicious"]

_LONGEST = 2000
_MARK = re.compile(r"^\s*(?:\*\*)?answer(?:\*\*)?\s*:", re.IGNORECASE | re.MULTILINE)
_LETTER = re.compile(r"[^\W_]")
_KEY = re.compile(
    r"(?:solution|answer|final answer|the answer is|verdict|grade|score|first|step \d+|let'?s [\w' ]*|thought process|"
    r"reasoning|right|yes|true|ok|none|n/?a)[\s:.,!*-]*",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|question|previous|above)|\b(?:judge|grader|verdict|grade)\b|"
    r"</?\w+>|\[/?inst\]|<\|\w+\|>|\bsystem\s*:|reference answer|say right|answer right|reply with|language model",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Judge:
    engine: Engine
    judges: Sequence[AgentId]
    """Of whom one judges each answer: not its author, and not who asked."""
    way: Literal["solving", "reading"] = "solving"
    max_tokens: int = 48
    instructions: Mapping[AgentId, str] = field(default_factory=dict)
    """System prompts of judges that solve, where they have their own."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order; equal questions are put to the same judge once."""
        chosen = [self._judge(a) for a in answers]
        found: list[Verdict | None] = [_kept_out(a, who) for a, who in zip(answers, chosen, strict=True)]
        asked = [i for i, v in enumerate(found) if v is None]
        requests = [self._request(answers[i], who) for i in asked if (who := chosen[i])]
        unique = list(dict.fromkeys(requests))
        said = dict(zip(unique, self.engine.sample(unique) if unique else (), strict=True))
        for i, request in zip(asked, requests, strict=True):
            found[i] = self._verdict(answers[i], said[request].text, request.agent)
        return [v for v in found if v is not None]

    def prefer(self, problem: Problem, first: str, second: str, seed: int) -> Literal["first", "second", "tie"]:
        """Which answer is better; a tie unless the judge says the same with the answers in the other order."""
        who, (one, other) = self.judges[seed % len(self.judges)], (first[:_LONGEST], second[:_LONGEST])
        orders = [prefer(problem.prompt, one, other), prefer(problem.prompt, other, one)]
        said = self.engine.sample([Request(who, m, seed_for(seed, i), 4, 0.0, "judging") for i, m in enumerate(orders)])
        votes = [c.text.strip()[:1].upper() for c in said]
        return {("A", "B"): "first", ("B", "A"): "second"}.get((votes[0], votes[1]), "tie")  # type: ignore[return-value]

    def _judge(self, answer: Answer) -> AgentId | None:
        asker = answer.problem.source.removeprefix("agent:")
        able = [j for j in self.judges if j not in {origin(answer.author), answer.author, asker}]
        return able[seed_for(0, "judge", answer.problem.key) % len(able)] if able else None

    def _request(self, answer: Answer, judge: AgentId) -> Request:
        if self.way == "solving":
            own = self.instructions.get(origin(judge), INSTRUCTION)
            messages, most = solve(answer.problem.prompt, own), self.max_tokens
        else:
            messages, most = verdict(answer.problem.prompt, answer.text.strip()), 4
        return Request(judge, messages, seed_for(0, "judging", answer.problem.key), most, 0.0, "judging")

    def _verdict(self, answer: Answer, said: str, judge: AgentId) -> Verdict:
        if self.way == "reading":
            right = re.match(r"\s*right\b", said, re.IGNORECASE) is not None
            return Verdict(float(right), f"{judge} says {said.strip()[:20]!r}")
        own = final_answer(said)
        if own is None:
            return Verdict(0.0, f"{judge} came to no answer")
        same = exact(replace(answer.problem, answer=own, tests=()), answer.text).score
        return Verdict(same, f"{judge} came to {own[:40]!r}{'' if same else ' and not to this'}")


def suspicious(text: str) -> str:
    """Why an answer is kept from a judge, empty where nothing is: it must have a line ``Answer: ...``, for one."""
    whole = text.strip()
    if len(whole) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if not _LETTER.search(whole):
        return "no answer"
    if _ORDERS.search(whole):
        return "speaks to the judge"
    answer = final_answer(whole) if _MARK.search(whole) else None
    if answer is None or _KEY.fullmatch(answer) or not _LETTER.search(answer):
        return "no final answer"
    return ""


def _kept_out(answer: Answer, judge: AgentId | None) -> Verdict | None:
    """The verdict on an answer that no judge is asked about."""
    if judge is None:
        return Verdict(0.0, "nobody is left to judge: all judges asked or answered")
    reason = suspicious(answer.text)
    return Verdict(0.0, reason) if reason else None
