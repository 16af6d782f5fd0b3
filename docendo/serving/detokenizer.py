"""From tokens, as they come, to text that will not change any more.

`tokenizers.decoders.DecodeStream` is no substitute: it never gives the incomplete character at the
end of an answer that was cut, holds text back as long as bytes are invalid, and knows no stops.
"""

from collections.abc import Callable, Sequence

__all__ = ["Detokenizer"]

_REPLACEMENT = "\ufffd"
"""What stands for an incomplete character in decoded text."""
_MAX_CHARACTER_TOKENS = 4
"""What is no character after so many tokens will never be one."""


class Detokenizer:
    """Decodes one answer incrementally.

    It holds back incomplete characters, and text that may be the start of a stop string.
    """

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        stop: Sequence[str] = (),
        select: Callable[[str, bool], str] = lambda text, _finished: text,
    ) -> None:
        self.decode = decode
        self.stop = stop
        self.select = select
        """What of the next piece of text counts as the answer, where stop strings are looked for."""
        self.tokens: list[int] = []
        self.stopped = False
        """Whether a stop string came. It is not shown, and nothing after it is."""
        self._context_start = 0
        self._decoded_end = 0
        self._pending = ""

    def push(self, tokens: Sequence[int], finished: bool = False) -> str:
        """Add tokens and return the text that can be shown now; all of it where finished."""
        if self.stopped:
            return ""
        self.tokens += tokens
        self._pending += self.select(self._decode_new(finished), finished)

        matches = []
        for text in self.stop:
            start = self._pending.find(text)
            if start >= 0:
                matches.append((start + len(text), start))
        if matches:
            # the one that ends first, so that it does not matter how many tokens come at once,
            # and of those the longest
            _, start = min(matches)
            self.stopped = True
            return self._pending[:start]

        withheld = 0 if finished else self._partial_stop_length()
        cut = len(self._pending) - withheld
        text = self._pending[:cut]
        self._pending = self._pending[cut:]
        return text

    def _decode_new(self, finished: bool) -> str:
        """The text of the tokens that were not decoded yet.

        They are decoded with the tokens before them, without which spaces may be lost.
        """
        length = len(self.tokens)
        attempts = 1 if finished else _MAX_CHARACTER_TOKENS
        end = self._decoded_end
        if finished or length - attempts + 1 > end:
            end = length  # what is incomplete by now stays so
        for candidate in range(length, length - attempts, -1):
            is_new = candidate > self._decoded_end
            if is_new and not self._decode_until(candidate).endswith(_REPLACEMENT):
                end = candidate
                break

        # Only the last piece and the new tokens are decoded, not the whole answer at every token.
        decoded_length = len(self._decode_until(self._decoded_end))
        text = self._decode_until(end)[decoded_length:]
        if text:
            self._context_start = self._decoded_end
            self._decoded_end = end
        return text

    def _decode_until(self, end: int) -> str:
        return self.decode(self.tokens[self._context_start : end])

    def _partial_stop_length(self) -> int:
        """Length of the longest end of the pending text that a stop string begins with."""
        longest = 0
        for text in self.stop:
            for length in range(longest + 1, len(text)):
                if self._pending.endswith(text[:length]):
                    longest = length
        return longest
