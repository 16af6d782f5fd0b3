"""Messages and texts to token ids. Control tokens in anybody's text stay text.

A conversation has exactly the ids that the model's own template gives it. Where a text holds the
name of a control token, such as ``<|im_end|>``, it is encoded piece by piece: a mark takes the name's
place in the template, and its letters come back when the pieces are encoded.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from docendo.engines.local.chat_template import ChatTemplate, find_template
from docendo.errors import UserError
from docendo.records import Example, Message, Target
from docendo.thinking import ThinkingConfig
from docendo.tools.calls import split_tool_calls

__all__ = ["Tokens"]

_PLAIN_FORMS = {"system": "{}\n\n", "user": "Question: {}\n", "assistant": "{}\n\n"}
_MAX_CACHED_PROMPTS = 2_000
_MARK = uuid.UUID(int=0x0D0CE4D0).hex
"""Begins what stands for a control token's name while a conversation is rendered."""
_BEFORE = f"<{_MARK}>"
"""A control token of our own, behind which a text is encoded as it is in a conversation."""


@dataclass
class Tokens:
    """A tokenizer with a chat form.

    A model without a chat template gets plain ``Question:`` lines.
    """

    tokenizer: Any
    prompt_cache: dict[tuple[Message, ...], tuple[int, ...]] = field(
        default_factory=dict, repr=False
    )
    options: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the chat template, such as ``enable_thinking``."""
    stop_ids: frozenset[int] = frozenset()
    """Further tokens that end an answer, as the model's generation config names them."""
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)

    @cached_property
    def chat(self) -> ChatTemplate | None:
        """The chat template; None for plain lines."""
        template = find_template(self.tokenizer)
        return ChatTemplate(self.tokenizer, template, self.options) if template else None

    @cached_property
    def end(self) -> int:
        """The token that closes a turn; every complete answer that is trained on ends with it.

        It is the control token that the template writes behind an assistant's message, which is
        not always the tokenizer's end-of-sequence token.
        """
        if self.chat:
            closing = self._added_pattern.match(self.chat.answer_suffix.lstrip())
            if closing:
                return self._id_of(closing[0])
        eos = self.tokenizer.eos_token_id
        if eos is None:
            raise UserError(
                "the tokenizer names no end-of-sequence token, so an answer could never end"
            )
        return int(eos)

    @cached_property
    def ends(self) -> frozenset[int]:
        """All tokens at which sampling stops."""
        eos = self.tokenizer.eos_token_id
        return self.stop_ids | {self.end} | (frozenset() if eos is None else {int(eos)})

    def prompt(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The ids of a conversation up to where the next answer starts."""
        key = tuple(messages)
        if key not in self.prompt_cache:
            if len(self.prompt_cache) > _MAX_CACHED_PROMPTS:
                self.prompt_cache.clear()
            self.prompt_cache[key] = tuple(self._prompt(key))
        return self.prompt_cache[key]

    def text(self, content: str) -> list[int]:
        """The ids of plain text behind a control token: no token of it has power."""
        ids: list[int] = self._inner.encode(_BEFORE + content, add_special_tokens=False).ids
        plain = ids[1:]
        if self._added_ids.isdisjoint(plain):
            return plain
        # A vocabulary may hold a control token's name as a piece; its letters are encoded apart.
        name = next(name for name in self._added_names if name in content)
        cut = content.index(name) + 1
        return [*self.text(content[:cut]), *self.text(content[cut:])]

    def completion(self, content: str) -> tuple[int, ...]:
        """The ids of a complete answer: the text and the end of the turn."""
        return (
            *self._continue(self._answer_context, self._answer_prefix + content),
            self.end,
        )

    def target(self, example: Example) -> Target:
        """An example as token ids. Results of tools in it are read and not learned."""
        tokens: list[int] = []
        counts: list[bool] = []
        before = self._answer_context
        text = example.text
        # a solution that thinks nothing is no thought: the block that the prompt begins ends first
        if self.opens_thinking and self.thinking.end not in text:
            text = f"{self.thinking.end}\n\n{text}"
        for part in split_tool_calls(self._answer_prefix + text):
            ids = self._continue(before, part.text)
            before = part.text[-1:]
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
        without_end = [i for i in ids if i not in self.ends]
        # marks of thinking are shown even where they are control tokens, which are not
        marks = dict(zip(self.thinking_ids, self._marks, strict=False))
        text = ""
        for mark, piece in groupby(without_end, marks.get):
            tokens = list(piece)
            if mark:
                text += mark * len(tokens)
            else:
                text += self.tokenizer.decode(tokens, skip_special_tokens=True)
        return text

    @cached_property
    def opens_thinking(self) -> bool:
        """Whether the chat template begins a block of thinking in every prompt."""
        begin, end = self._marks
        return self._answer_form.rfind(begin) > self._answer_form.rfind(end)

    @cached_property
    def thinking_ids(self) -> tuple[int, ...]:
        """The tokens that begin and end a block of thinking; empty where the model has none."""
        if not set(self._marks) <= set(self._added_names):
            return ()
        return tuple(map(self._id_of, self._marks))

    @property
    def _marks(self) -> tuple[str, ...]:
        return self.thinking.begin, self.thinking.end

    def _continue(self, before: str, content: str) -> list[int]:
        """The ids of an answer's text behind another one; marks of thinking are their tokens."""
        ids: list[int] = []
        start = 0
        if self.thinking_ids:
            for mark in re.finditer("|".join(map(re.escape, self._marks)), content):
                ids += self._continue_plain(before, content[start : mark.start()])
                ids.append(self._id_of(mark[0]))
                before, start = "", mark.end()
        return ids + self._continue_plain(before, content[start:])

    def _continue_plain(self, before: str, content: str) -> list[int]:
        """The ids of a text behind another one, where a tokenizer puts no space before it."""
        context_ids = self.text(before) if before else []
        ids = self.text(before + content)
        if ids[: len(context_ids)] == context_ids:
            return ids[len(context_ids) :]
        # One token reaches over the border, and the text before it is encoded already.
        return self.text(content)

    @property
    def _answer_prefix(self) -> str:
        return self.chat.answer_prefix if self.chat else ""

    @cached_property
    def _answer_context(self) -> str:
        """What stands between the last control token, or the question, and an answer."""
        form = self._answer_form
        controls = list(self._added_pattern.finditer(form))
        return form[controls[-1].end() :] if controls else form

    @cached_property
    def _answer_form(self) -> str:
        """What stands between a question and its answer."""
        if self.chat is None:
            return "\n"
        return self.chat.render((Message("user", _MARK),)).rpartition(_MARK)[2]

    def _prompt(self, messages: tuple[Message, ...]) -> list[int]:
        if self.chat is None:
            lines = [_PLAIN_FORMS[m.role].format(m.content) for m in messages]
            return [*self._leading_ids, *self._encode_piece("".join(lines), at_start=True)]

        marked, names = self._mark_control_tokens(messages)
        form = self.chat.render(marked)
        if names:
            return self._encode_marked(form, names)
        return list(self.tokenizer(form, add_special_tokens=False)["input_ids"])

    def _mark_control_tokens(
        self, messages: Sequence[Message]
    ) -> tuple[list[Message], dict[str, str]]:
        """The messages with a mark for every control token's name; the names by mark."""
        names: dict[str, str] = {}

        def mark(match: re.Match[str]) -> str:
            stand_in = f"{_MARK}{len(names)}x"
            names[stand_in] = match[0]
            return stand_in

        marked = [
            message._replace(content=self._added_pattern.sub(mark, message.content))
            for message in messages
        ]
        return marked, names

    def _encode_marked(self, form: str, names: Mapping[str, str]) -> list[int]:
        """A rendered conversation; what stands behind a mark is plain text."""
        ids: list[int] = []
        start = 0
        for control in [*self._added_pattern.finditer(form), None]:
            piece = form[start : control.start() if control else len(form)]
            for mark, name in names.items():
                piece = piece.replace(mark, name)
            if piece:
                ids += self._encode_piece(piece, at_start=start == 0)
            if control:
                ids.append(self._id_of(control[0]))
                start = control.end()
        return ids

    def _encode_piece(self, piece: str, at_start: bool) -> list[int]:
        """Plain text at the start of a conversation, where a tokenizer may add a space, or later."""
        if not at_start or any(name in piece for name in self._added_names):
            return self.text(piece)
        return list(self.tokenizer(piece, add_special_tokens=False)["input_ids"])

    @cached_property
    def _leading_ids(self) -> list[int]:
        """The token that the tokenizer puts before a text, if any: of plain lines the first."""
        bos = self.tokenizer.bos_token_id
        ids = list(self.tokenizer("a")["input_ids"])
        return [int(bos)] if bos is not None and ids[0] == bos else []

    @cached_property
    def _added_names(self) -> list[str]:
        """What is added to the vocabulary, longest first; without runs of spaces, which are text."""
        added = self.tokenizer.added_tokens_decoder.values()
        names = {token.content for token in added if token.content.strip()}
        return sorted(names, key=len, reverse=True)

    @cached_property
    def _added_pattern(self) -> re.Pattern[str]:
        """Matches the name of a control token."""
        # without any it must match nothing, and not the empty text
        return re.compile("|".join(map(re.escape, self._added_names)) or r"(?!)")

    @cached_property
    def _added_ids(self) -> frozenset[int]:
        return frozenset(self._id_of(name) for name in self._added_names)

    @cached_property
    def _inner(self) -> Any:
        """The tokenizer with no added token but one of our own."""
        from tokenizers import AddedToken, Tokenizer

        settings = json.loads(self.tokenizer.backend_tokenizer.to_str())
        vocabulary = settings["model"]["vocab"]
        if isinstance(vocabulary, list):  # of pieces with their scores
            vocabulary = {piece for piece, _ in vocabulary}
        added: list[dict[str, Any]] = []
        for token in settings["added_tokens"]:
            if not token["content"].strip():
                added.append(token)  # spaces that were added are text
            elif token["content"] not in vocabulary:
                # its number stays taken, so that those behind it keep theirs
                added.append({**token, "content": f"<{_MARK}{token['id']}>"})
        settings |= {"added_tokens": added, "truncation": None, "padding": None}
        inner = Tokenizer.from_str(json.dumps(settings))
        inner.add_special_tokens([AddedToken(_BEFORE, normalized=False)])
        return inner

    def _id_of(self, name: str) -> int:
        return int(self.tokenizer.convert_tokens_to_ids(name))
