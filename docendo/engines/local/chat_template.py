"""A model's chat template: what a conversation looks like as text, today and tomorrow.

Templates differ in what they take. What a template takes is tried once, with marked messages: whether
it shows a system message, whether it wants content as a list of parts, whether roles must alternate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from docendo.errors import UserError
from docendo.records import Message

__all__ = ["ChatTemplate", "find_template"]

_DATE = datetime(2025, 1, 1)
"""Templates that write today's date get this one: a run must be the same tomorrow."""
_TODAY = re.compile(r"strftime_now\(\s*(?P<quote>['\"])(?P<format>.*?)(?P=quote)\s*\)")
_SYSTEM, _USER, _ANSWER = "qsystemq", "quserq", "qanswerq"
"""Marks that no template changes or holds."""

_ANSWERED = (Message("user", _USER), Message("assistant", _ANSWER))


class _Shape(NamedTuple):
    """How messages are given to a template."""

    folds_system: bool = False
    """The system prompt becomes the beginning of the first user message."""
    content_parts: bool = False
    """Content is a list of parts, as for models that also take images."""
    merges_roles: bool = False
    """Adjacent messages of one role become one, as roles must alternate."""


def find_template(tokenizer: Any) -> str | None:
    """The template of a tokenizer, the default one of several; None where it has none.

    Raises UserError where it has several and none is the default.
    """
    template = getattr(tokenizer, "chat_template", None)
    if not isinstance(template, Mapping):
        return template or None
    if "default" not in template:
        names = ", ".join(sorted(template))
        raise UserError(
            f"the model has several chat templates ({names}) and none is the default"
        )
    return str(template["default"])


@dataclass
class ChatTemplate:
    tokenizer: Any
    template: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the template, such as ``enable_thinking``."""

    def render(self, messages: Sequence[Message], answer: bool = True) -> str:
        """The conversation as text, up to where the next answer begins if `answer` is true.

        Raises UserError where the template refuses it, or would not show an answer in it.
        """
        has_answer = any(message.role == "assistant" for message in messages)
        if has_answer and not self._shows_answers:
            raise UserError(
                "the model's chat template does not show its assistant message; "
                "use another model"
            )
        return self._render(messages, self._shape, answer)

    @cached_property
    def _dated_template(self) -> str:
        """The template with a fixed date in the place of today's.

        Raises UserError where it writes the date in a format that only it knows.
        """
        # transformers gives templates this function, and no way to replace it
        dated = _TODAY.sub(
            lambda match: repr(_DATE.strftime(match["format"])), self.template
        )
        if "strftime_now(" in dated:
            raise UserError(
                "the model's chat template writes today's date in a way that cannot be fixed, "
                "so a run would differ tomorrow; use another model"
            )
        return dated

    @cached_property
    def answer_prefix(self) -> str:
        """White space that the template puts between a prompt and its answer."""
        if not self._shows_answers:
            return ""
        prompt = self.render(_ANSWERED[:1])
        before, _, _ = self.render(_ANSWERED, answer=False).partition(_ANSWER)
        prefix = before.removeprefix(prompt) if before.startswith(prompt) else ""
        return prefix if not prefix.strip() else ""

    @cached_property
    def answer_suffix(self) -> str:
        """What the template writes behind an answer: it begins with the end of the turn."""
        if not self._shows_answers:
            return ""
        return self.render(_ANSWERED, answer=False).partition(_ANSWER)[2]

    @cached_property
    def _shows_answers(self) -> bool:
        return self._shows(_ANSWERED, self._shape)

    @cached_property
    def _shape(self) -> _Shape:
        """The first way to give messages that shows a system and a user message."""
        conversation = (Message("system", _SYSTEM), Message("user", _USER))
        _ = self._dated_template  # its refusal is not one of a shape
        for folds_system, content_parts in product((False, True), (False, True)):
            shape = _Shape(folds_system, content_parts)
            if self._shows(conversation, shape):
                break
        else:
            raise UserError(
                "the model's chat template does not show a user message; use another model"
            )
        twice = (Message("user", _USER), Message("user", _ANSWER))
        return shape._replace(merges_roles=not self._shows(twice, shape))

    def _shows(self, messages: Sequence[Message], shape: _Shape) -> bool:
        try:
            text = self._render(messages, shape, answer=messages[-1].role == "user")
        except UserError:
            return False
        return all(message.content in text for message in messages)

    def _render(self, messages: Sequence[Message], shape: _Shape, answer: bool) -> str:
        try:
            text: str = self.tokenizer.apply_chat_template(
                _shape_messages(messages, shape),
                chat_template=self._dated_template,
                tokenize=False,
                add_generation_prompt=answer,
                **self.options,
            )
        except Exception as error:
            # a template is a program of the model's authors, and may raise anything
            raise UserError(
                f"the model's chat template refuses a conversation: {error}"
            ) from error
        return text


def _shape_messages(messages: Sequence[Message], shape: _Shape) -> list[dict[str, Any]]:
    """The messages as a template takes them."""
    turns: list[tuple[str, str]] = [(message.role, message.content) for message in messages]
    if shape.folds_system:
        turns = _fold_system(turns)
    if shape.merges_roles:
        turns = _merge_roles(turns)
    if shape.content_parts:
        return [
            {"role": role, "content": [{"type": "text", "text": content}]}
            for role, content in turns
        ]
    return [{"role": role, "content": content} for role, content in turns]


def _fold_system(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    folded: list[tuple[str, str]] = []
    pending = ""
    for role, content in turns:
        if role == "system":
            pending += f"{content}\n\n"
        elif role == "user":
            folded.append((role, pending + content))
            pending = ""
        else:
            folded.append((role, content))
    return folded


def _merge_roles(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    merged: list[tuple[str, str]] = []
    for role, content in turns:
        if merged and merged[-1][0] == role:
            merged[-1] = role, f"{merged[-1][1]}\n\n{content}"
        else:
            merged.append((role, content))
    return merged
