"""From tokens, as they come, to text that will not change any more."""

from collections.abc import Callable, Sequence

__all__ = ["Detokenizer"]

_BROKEN = "\ufffd"
_LONGEST = 4
"""Tokens of a character: what is no character after so many will be none."""


class Detokenizer:
    """One answer. Half characters wait for their other half, and what may be the start of a stop text for the rest."""

    def __init__(
        self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()
    ) -> None:
        self.decode, self.stop = decode, stop
        self.tokens: list[int] = []
        self.stopped = False
        """Whether a stop text came; nothing of it is shown, and nothing after it."""
        self._before = self._read = 0
        self._held = ""

    def take(self, tokens: Sequence[int], over: bool = False) -> str:
        """What can be shown now; all that is left where it is over."""
        if self.stopped:
            return ""
        self.tokens += tokens
        self._held += self._fresh(over)
        ends = (
            (at + len(text), at) for text in self.stop if (at := self._held.find(text)) >= 0
        )
        if end := min(
            ends, default=None
        ):  # whichever is complete first, however many tokens come at once
            self.stopped = True
            return self._held[: end[1]]
        kept = 0 if over else self._start_of_stop()
        shown, self._held = (
            self._held[: len(self._held) - kept],
            self._held[len(self._held) - kept :],
        )
        return shown

    def _fresh(self, over: bool) -> str:
        """The text of the tokens not read yet. Decoded with those before them, without which spaces may be lost."""
        ends = [len(self.tokens) - half for half in range(1 if over else _LONGEST)]
        whole = (
            end
            for end in ends
            if end > self._read and not self._text(end).endswith(_BROKEN)
        )
        end = next(whole, len(self.tokens) if over or ends[-1] > self._read else self._read)
        text = self._text(end)[len(self._text(self._read)) :]
        if text:
            self._before, self._read = self._read, end
        return text

    def _text(self, end: int) -> str:
        return self.decode(self.tokens[self._before : end])

    def _start_of_stop(self) -> int:
        """Length of the longest end of the text that a stop text begins with."""
        ends = (
            n
            for text in self.stop
            for n in range(1, len(text))
            if self._held.endswith(text[:n])
        )
        return max(ends, default=0)
