"""Labels of a model behind an endpoint: log-probabilities of the likeliest tokens, as vLLM returns them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from docendo.engines.remote.http import Failure, Question, Reply, parse_prompt_logprobs
from docendo.engines.remote.openai import Endpoint
from docendo.errors import UserError
from docendo.records import Label, Target

__all__ = ["EndpointLabeller"]

_LIKELIEST = 20
"""Tokens named at each place: the most that vLLM returns unless it is told otherwise."""
_PROBE = "The 3 foxes' naïve plan: def f(x):\n    return x + 41  # ünïcode, 数"
"""Words, digits, spaces and rare characters, which other tokenizers cut elsewhere or number otherwise."""


@dataclass
class EndpointLabeller:
    """Labels texts in the base's own token ids. The first call makes sure that they are the server's."""

    endpoint: Endpoint
    ids: Callable[[str], Sequence[int]]
    """From a text to the base model's token ids."""
    is_checked: bool = False

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        """As `docendo.backend.Backend.label`; None, too, where the server failed.

        Raises UserError where it returns no log-probabilities, or has another tokenizer. Raises
        RunError as `Endpoint.sample` does.
        """
        if targets and not self.is_checked:
            self._check(targets[0], purpose)
        texts = [[*target.prompt_tokens, *target.tokens] for target in targets]
        labels: list[Label | None] = []
        for text, target, reply in zip(
            texts, targets, self._ask(texts, targets, purpose), strict=True
        ):
            # a reply about other tokens is no label of this text
            if isinstance(reply, Reply) and _fits(reply, text):
                labels.append(Label(logprobs=reply.logprobs[-len(target.tokens) :]))
            else:
                labels.append(None)
        return labels

    def _check(self, target: Target, purpose: str) -> None:
        (result,) = self._ask([_PROBE], [target], purpose)
        where = f"[endpoints.{self.endpoint.name}] labels = true"
        if isinstance(result, Failure):
            raise UserError(
                f"{where}: the server returns no log-probabilities of a given text "
                f"({result.kind}: {result.message}); expected vLLM's prompt_logprobs"
            )
        if not _fits(result, self.ids(_PROBE)):
            raise UserError(
                f"{where}: model {self.endpoint.service.model!r} has another tokenizer than the "
                "base model; its labels would be of other tokens"
            )
        self.is_checked = True

    def _ask(
        self, texts: Sequence[Any], targets: Sequence[Target], purpose: str
    ) -> list[Reply | Failure]:
        """`texts` are token ids, or a text."""
        questions = []
        for i, text in enumerate(texts):
            payload = {
                "model": self.endpoint.service.model,
                "prompt": text,
                "prompt_logprobs": _LIKELIEST,
                "add_special_tokens": False,
                # none is needed, and servers refuse to write none
                "max_tokens": 1,
            }
            questions.append(Question(payload, len(text) + 1, i))
        results = self.endpoint.post(questions, "/completions", parse_prompt_logprobs)
        for result, question, target in zip(results, questions, targets, strict=True):
            self.endpoint.book(result, (target.agent, purpose), (question.tokens - 1, 1))
        return results


def _fits(reply: Reply, ids: Sequence[int]) -> bool:
    """Whether the reply is about these tokens: each is named at its place, the first one nowhere."""
    places = reply.logprobs
    return len(places) == len(ids) and all(
        token in named for token, named in zip(ids[1:], places[1:], strict=True)
    )
