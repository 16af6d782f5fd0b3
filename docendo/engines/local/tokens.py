"""Messages and texts to token ids. Special tokens in anybody's text stay text."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from docendo.errors import UserError
from docendo.records import Example, Message, Target
from docendo.tools.calls import split_tool_calls

__all__ = ["Tokens"]

_PLAIN_FORMS = {"system": "{}\n\n", "user": "Question: {}\n", "assistant": "{}\n\n"}
_MAX_CACHED_PROMPTS = 2_000


@dataclass
class Tokens:
    """A tokenizer with a chat form.

    A model without a chat template gets plain ``Question:`` lines.
    """

    tokenizer: Any
    prompt_cache: dict[tuple[Message, ...], tuple[int, ...]] = field(
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
        if key not in self.prompt_cache:
            if len(self.prompt_cache) > _MAX_CACHED_PROMPTS:
                self.prompt_cache.clear()
            self.prompt_cache[key] = self._prompt(key)
        return self.prompt_cache[key]

    def text(self, content: str) -> list[int]:
        """The ids of plain text, in which control tokens have no power."""
        encoded = self.tokenizer(
            content, add_special_tokens=False, split_special_tokens=True
        )
        ids: list[int] = list(encoded["input_ids"])
        if self._added_tokens.isdisjoint(ids):
            return ids
        # a tokenizer splits what it calls special, and not what else was added, like <think>
        return list(self._bare_tokenizer.encode(content, add_special_tokens=False).ids)

    def completion(self, content: str) -> tuple[int, ...]:
        """The ids of a complete answer: the text and the end of the turn."""
        return (*self.text(content), self.end)

    def target(self, example: Example) -> Target:
        """An example as token ids. Results of tools in it are read and not learned."""
        tokens: list[int] = []
        counts: list[bool] = []
        for part in split_tool_calls(example.text):
            ids = self.text(part.text)
            tokens += ids
            counts += [not part.from_tool] * len(ids)
        tokens.append(self.end)
        counts.append(True)
        return Target(
            example.agent,
            self.prompt(example.messages),
            tuple(tokens),
            example.weight,
            sampled=() if all(counts) else tuple(counts),
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer, without the end of the turn."""
        without_end = [i for i in ids if i != self.end]
        return str(self.tokenizer.decode(without_end, skip_special_tokens=True))

    @cached_property
    def _added_tokens(self) -> frozenset[int]:
        """The tokens added to the vocabulary, without runs of spaces, which are text."""
        added = self.tokenizer.added_tokens_decoder.items()
        return frozenset(i for i, token in added if token.content.strip())

    @cached_property
    def _bare_tokenizer(self) -> Any:
        """The tokenizer before any token was added to it."""
        from tokenizers import Tokenizer

        settings = json.loads(self.tokenizer.backend_tokenizer.to_str())
        settings |= {"added_tokens": [], "truncation": None, "padding": None}
        return Tokenizer.from_str(json.dumps(settings))

    def _prompt(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        """The chat template around stand-ins, each of which its message's text replaces."""
        if self.tokenizer.chat_template is None:
            lines = [_PLAIN_FORMS[m.role].format(m.content) for m in messages]
            return tuple(self.text("".join(lines)))

        mark = uuid.UUID(int=len(messages)).hex
        stand_ins = [
            {"role": message.role, "content": f"{mark}{i}{mark}"}
            for i, message in enumerate(messages)
        ]
        form = self.tokenizer.apply_chat_template(
            stand_ins, tokenize=False, add_generation_prompt=True
        )
        ids: list[int] = []
        for i, message in enumerate(messages):
            before, stand_in, form = form.partition(f"{mark}{i}{mark}")
            if not stand_in:
                raise UserError(
                    f"the model's chat template does not show its {message.role} message; "
                    "use another model"
                )
            ids += self._control(before)
            ids += self.text(message.content)
        return (*ids, *self._control(form))

    def _control(self, form: str) -> list[int]:
        """The ids of a piece of the chat template, in which control tokens have their power."""
        if not form:
            return []
        return list(self.tokenizer(form, add_special_tokens=False)["input_ids"])
