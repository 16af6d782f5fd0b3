"""Messages to token ids, once. Special tokens in anybody's text stay text."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from docendo.errors import UserError
from docendo.records import Message

__all__ = ["Tokens"]

_PLAIN = {"system": "{}\n\n", "user": "Question: {}\n", "assistant": "{}\n\n"}


@dataclass
class Tokens:
    """A tokenizer with a chat form. A model without a chat template gets plain ``Question:`` and ``Answer`` lines."""

    tokenizer: Any
    known: dict[tuple[Message, ...], tuple[int, ...]] = field(
        default_factory=dict, repr=False
    )

    @property
    def end(self) -> int:
        """The token that closes a turn; every complete answer ends with it."""
        eos = self.tokenizer.eos_token_id
        if eos is None:
            raise UserError(
                "the tokenizer names no end-of-sequence token, so an answer could never end"
            )
        return int(eos)

    def prompt(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The ids of a conversation up to where the next answer starts."""
        key = tuple(messages)
        if key not in self.known:
            if len(self.known) > 2_000:
                self.known.clear()
            self.known[key] = self._prompt(key)
        return self.known[key]

    def text(self, content: str) -> list[int]:
        """The ids of plain text, in which control tokens have no power."""
        ids = list(
            self.tokenizer(content, add_special_tokens=False, split_special_tokens=True)[
                "input_ids"
            ]
        )
        # a tokenizer splits the tokens that it calls special, and not others that were added, such as <think>
        return (
            ids
            if self._added.isdisjoint(ids)
            else list(self._bare.encode(content, add_special_tokens=False).ids)
        )

    @cached_property
    def _added(self) -> frozenset[int]:
        """The tokens that were added to the vocabulary, less runs of spaces, which are text."""
        return frozenset(
            i
            for i, token in self.tokenizer.added_tokens_decoder.items()
            if token.content.strip()
        )

    @cached_property
    def _bare(self) -> Any:
        """The same tokenizer before any token was added to it."""
        from tokenizers import Tokenizer

        written = json.loads(self.tokenizer.backend_tokenizer.to_str())
        return Tokenizer.from_str(
            json.dumps(written | {"added_tokens": [], "truncation": None, "padding": None})
        )

    def completion(self, content: str) -> tuple[int, ...]:
        """The ids of an answer as training wants it: the text and the end of the turn."""
        return (*self.text(content), self.end)

    def decode(self, ids: Sequence[int]) -> str:
        return str(
            self.tokenizer.decode(
                [i for i in ids if i != self.end], skip_special_tokens=True
            )
        )

    def _prompt(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        if self.tokenizer.chat_template is None:
            return tuple(
                self.text("".join(_PLAIN[m.role].format(m.content) for m in messages))
            )
        mark = uuid.UUID(int=len(messages)).hex
        stand_ins = [
            {"role": m.role, "content": f"{mark}{i}{mark}"} for i, m in enumerate(messages)
        ]
        form = self.tokenizer.apply_chat_template(
            stand_ins, tokenize=False, add_generation_prompt=True
        )
        ids: list[int] = []
        for i, message in enumerate(messages):
            before, found, form = form.partition(f"{mark}{i}{mark}")
            if not found:
                raise UserError(
                    f"the model's chat template does not show its {message.role} message; use another model"
                )
            ids += self._control(before) + self.text(message.content)
        return tuple(ids + self._control(form))

    def _control(self, form: str) -> list[int]:
        return (
            list(self.tokenizer(form, add_special_tokens=False)["input_ids"])
            if form
            else []
        )
