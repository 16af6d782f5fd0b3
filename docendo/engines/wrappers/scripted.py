"""An engine without a model: a function answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from docendo.records import Completion, Request, Usage

__all__ = ["Scripted"]


@dataclass
class Scripted:
    """Answers every request with ``reply(request)``; books one token per word and no operations.

    Token ids are made up, equal for equal words, and each has the log-probability -1, so that whatever trains on
    completions can run on them.
    """

    reply: Callable[[Request], str]
    work: list[Usage] = field(default_factory=list)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. The reply is not cut at `max_tokens`."""
        return [self._answer(r) for r in requests]

    def pop_usage(self) -> list[Usage]:
        """The work since the last call, one entry per request."""
        work, self.work = self.work, []
        return work

    def _answer(self, request: Request) -> Completion:
        text = self.reply(request)
        prompt, tokens = _ids("\n".join(m.content for m in request.messages)), _ids(text)
        self.work.append(Usage(request.agent, request.purpose, len(tokens), 0.0))
        return Completion(text, prompt, tokens, (-1.0,) * len(tokens))


def _ids(text: str) -> tuple[int, ...]:
    return tuple(crc32(word.encode(errors="surrogatepass")) for word in text.split())
