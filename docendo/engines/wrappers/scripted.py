"""An engine without a model: a function writes every answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from docendo.records import Completion, Request, Usage

__all__ = ["Scripted"]


@dataclass
class Scripted:
    """Answers every request with ``reply(request)``; counts one token per word and no FLOPs.

    Token ids are made up, equal for equal words. Each has the log-probability -1, so that code which
    trains on completions can run on them.
    """

    reply: Callable[[Request], str]
    usage: list[Usage] = field(default_factory=list)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. The reply is not cut at `max_tokens`."""
        return [self._answer(request) for request in requests]

    def pop_usage(self) -> list[Usage]:
        """The usage since the last call, one entry per request."""
        usage = self.usage
        self.usage = []
        return usage

    def _answer(self, request: Request) -> Completion:
        text = self.reply(request)
        prompt = "\n".join(message.content for message in request.messages)
        tokens = _ids(text)
        self.usage.append(Usage(request.agent, request.purpose, len(tokens), 0.0))
        return Completion(text, _ids(prompt), tokens, (-1.0,) * len(tokens))


def _ids(text: str) -> tuple[int, ...]:
    return tuple(crc32(word.encode(errors="surrogatepass")) for word in text.split())
