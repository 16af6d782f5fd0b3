"""A model that judges: an expert that is neither who asked nor who answered, the base, or an endpoint.

Two ways. *Solving*: the judge answers the question itself and its final answer is compared with the other's; it never
sees that answer, so nothing in it can sway it. *Reading*: the judge is shown question and answer and says right or
wrong, twice, with the two words in either order; answers that are made to sway it are kept from it by rules.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from docendo.errors import UserError
from docendo.graders.answer import (
    Runner,
    UnitTestGrader,
    exact,
    final_answer,
    read_test,
    run_calls,
)
from docendo.interfaces import Engine
from docendo.judges.filters import rejection_reason
from docendo.prompts import INSTRUCTION, solve_prompt, verdict_prompt
from docendo.records import AgentId, Answer, Problem, Request, Verdict, base_agent
from docendo.sandbox.monty import Sandbox
from docendo.seeds import seed_for

__all__ = ["NO_JUDGE_LEFT", "ModelJudge", "choose_judge"]

NO_JUDGE_LEFT = Verdict(0.0, "nobody is left to judge: all judges asked or answered")
_WORD = 12
"""Tokens of a word of the judge: enough where each letter is one."""
_ORDERS = ("right", "wrong"), ("wrong", "right")
_SAID = re.compile(r"[\s\"'`*]*(right|wrong)[\"'`*.!]*\s*", re.IGNORECASE)


@dataclass(frozen=True)
class ModelJudge:
    engine: Engine
    judges: Sequence[AgentId]
    """Of whom one judges each answer: not its author, and not who asked."""
    mode: Literal["solving", "reading"] = "solving"
    max_tokens: int = 48
    instructions: Mapping[AgentId, str] = field(default_factory=dict)
    """System prompts of judges that solve, where they have their own."""
    experts: Mapping[str, Collection[AgentId]] = field(default_factory=dict)
    """Of each domain: they come before other judges."""
    longest: int = 2000
    """Bytes of an answer that is read, so that it always fits the context."""
    run: Runner = field(default_factory=Sandbox)
    """Where programs are compared by what they do."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order; what is asked of a judge in equal words is asked once."""
        found: list[Verdict | None] = [self._kept_out(a) for a in answers]
        asked = {i: self._requests(answers[i]) for i, v in enumerate(found) if v is None}
        unique = list(dict.fromkeys(r for requests in asked.values() for r in requests))
        said = dict(zip(unique, self.engine.sample(unique) if unique else (), strict=True))
        decide = self._compared if self.mode == "solving" else _read
        for i, requests in asked.items():
            found[i] = decide(
                answers[i], requests[0].agent, [said[r].text for r in requests]
            )
        return [v for v in found if v is not None]

    def _who(self, answer: Answer) -> AgentId | None:
        return choose_judge(
            self.judges,
            answer.problem,
            {answer.author},
            self.experts.get(answer.problem.domain, ()),
        )

    def _kept_out(self, answer: Answer) -> Verdict | None:
        """The verdict on an answer that no judge is asked about."""
        if self._who(answer) is None:
            return NO_JUDGE_LEFT
        if (
            self.mode == "solving"
        ):  # the judge does not see the answer: nothing is to be kept from it
            return None if answer.text.strip() else Verdict(0.0, "no answer")
        reason = rejection_reason(answer.problem, answer.text, self.longest)
        return Verdict(0.0, reason) if reason else None

    def _requests(self, answer: Answer) -> list[Request]:
        judge, question, seed = (
            self._who(answer),
            answer.problem.prompt,
            seed_for(0, "judging", answer.problem.key),
        )
        if judge is None:
            return []
        if self.mode == "solving":
            messages = solve_prompt(
                question, self.instructions.get(base_agent(judge), INSTRUCTION)
            )
            return [Request(judge, messages, seed, self.max_tokens, 0.0, "judging")]
        shown = (verdict_prompt(question, answer.text.strip(), words) for words in _ORDERS)
        return [Request(judge, messages, seed, _WORD, 0.0, "judging") for messages in shown]

    def _compared(self, answer: Answer, judge: AgentId, said: Sequence[str]) -> Verdict:
        """Whether the answer is what the judge came to; of programs, whether it does what the judge's does."""
        problem, (own,) = answer.problem, said
        if problem.tests:
            return self._behaves(answer, judge, own)
        final = final_answer(own)
        if final is None:
            return Verdict(0.0, f"{judge} came to no answer")
        same = exact(replace(problem, answer=final), answer.text).score
        return Verdict(
            same, f"{judge} came to {final[:40]!r}{'' if same else ' and not to this'}"
        )

    def _behaves(self, answer: Answer, judge: AgentId, own: str) -> Verdict:
        """The tests' calls are put to both programs; the values that the tests want are not looked at."""
        try:
            cases = [read_test(line) for line in answer.problem.tests]
            values = run_calls(self.run, own, cases)
            tests = tuple(
                f"{case.call} == {value}" for case, value in zip(cases, values, strict=True)
            )
            for test in tests:
                read_test(test)
        except (UserError, ValueError):
            return Verdict(0.0, f"{judge} came to no program that answers every call")
        score, reason = UnitTestGrader(self.run)(
            replace(answer.problem, tests=tests), answer.text
        )
        return Verdict(
            score,
            f"does what {judge}'s program does"
            if score
            else f"by {judge}'s program: {reason}",
        )


def choose_judge(
    judges: Sequence[AgentId],
    problem: Problem,
    authors: Collection[AgentId],
    experts: Collection[AgentId] = (),
) -> AgentId | None:
    """The one of `judges` that judges answers to `problem`: no author and not who asked, an expert where one is left.

    Copies of an agent are that agent. The same problem has the same judge, as far as authors let it.
    """
    asker = problem.source.removeprefix("agent:")
    barred = {base_agent(AgentId(name)) for name in (asker, *authors)}
    able = [j for j in judges if base_agent(j) not in barred]
    able = [j for j in able if j in experts] or able
    return able[seed_for(0, "judge", problem.key) % len(able)] if able else None


def _read(answer: Answer, judge: AgentId, said: Sequence[str]) -> Verdict:
    """1 where the judge says right, and nothing else, in both orders of the words."""
    words = [found[1].lower() if (found := _SAID.fullmatch(text)) else "" for text in said]
    if words == ["right", "right"]:
        return Verdict(1.0, f"{judge} says right in both orders")
    if "right" in words and "wrong" in words:
        return Verdict(0.0, f"{judge} says right in one order and wrong in the other")
    shown = " and ".join(repr(text.strip()[:20]) for text in dict.fromkeys(said))
    return Verdict(0.0, f"{judge} says {shown}")
