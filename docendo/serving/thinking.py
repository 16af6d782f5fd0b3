"""Thinking left out of a text that comes in pieces."""

from dataclasses import dataclass

from docendo.thinking import ThinkingConfig

__all__ = ["ThinkingFilter"]


@dataclass
class ThinkingFilter:
    """Passes on what stands outside the blocks of one answer."""

    thinking: ThinkingConfig
    is_open: bool
    """Whether the text so far is inside a block."""
    pending: str = ""
    """The last characters, which may be the start of a mark."""
    begins: bool = False
    """Whether a block has just ended: white space behind it is no part of the answer."""

    def push(self, text: str, finished: bool) -> str:
        """Take the next piece and return what of the text can be shown now."""
        if self.thinking.shown:
            return text
        self.pending += text
        shown = ""
        while True:
            mark = self.thinking.end if self.is_open else self.thinking.begin
            before, found, rest = self.pending.partition(mark)
            if not found:
                break
            shown += self._show(before)
            self.begins = self.is_open
            self.is_open = not self.is_open
            self.pending = rest

        withheld = 0 if finished else _partial_length(self.pending, mark)
        cut = len(self.pending) - withheld
        shown += self._show(self.pending[:cut])
        self.pending = self.pending[cut:]
        return shown

    def _show(self, text: str) -> str:
        if self.is_open:
            return ""
        if self.begins:
            text = text.lstrip()
            self.begins = not text
        return text


def _partial_length(text: str, mark: str) -> int:
    """Length of the longest end of the text that the mark begins with."""
    lengths = range(len(mark) - 1, 0, -1)
    return next((length for length in lengths if text.endswith(mark[:length])), 0)
