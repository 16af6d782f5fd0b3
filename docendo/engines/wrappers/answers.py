"""A wrapper in whose completions others read the answer alone, and that counts the cut ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from docendo.interfaces import Engine
from docendo.records import Completion, Request, Usage
from docendo.thinking import ThinkingConfig

__all__ = ["CompletionCounts", "WithAnswers"]


@dataclass
class CompletionCounts:
    """How many completions there were, and how many of them a limit of tokens cut."""

    total: Counter[str] = field(default_factory=Counter)
    """By purpose."""
    cut: Counter[str] = field(default_factory=Counter)

    def pop_metrics(self) -> dict[str, float]:
        """The share that was cut, by purpose, since the last call."""
        shares = {
            f"cut/{purpose}": self.cut[purpose] / n for purpose, n in self.total.items()
        }
        self.total.clear()
        self.cut.clear()
        return shares


@dataclass(frozen=True)
class WithAnswers:
    """The one door between a model's text and its readers: what it thought is left out of `text`."""

    engine: Engine
    thinking: ThinkingConfig
    counts: CompletionCounts

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        completions = []
        for request, completion in zip(requests, self.engine.sample(requests), strict=True):
            self.counts.total[request.purpose] += 1
            self.counts.cut[request.purpose] += completion.cut

            text = completion.text
            answer = self.thinking.answer(text, completion.starts_thinking)
            if answer != text:
                completion = replace(completion, text=answer, raw=text)
            completions.append(completion)
        return completions

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        return self.engine.pop_usage()
