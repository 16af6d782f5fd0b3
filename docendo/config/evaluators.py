"""The tables of who judges."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from docendo.config.fields import no_others, only
from docendo.parts import ConfigModel

__all__ = ["EvaluatorConfig", "EvaluatorKind"]

EvaluatorKind = Literal[
    "truth", "numeric", "symbolic", "tests", "compiler", "spelling", "format", "function", "judge", "person", "human",
    "all", "any", "weighted", "first", "gate",
]  # fmt: skip

_JOINED = {"of"}
_OWN: dict[str, set[str]] = {
    "numeric": {"tolerance"},
    "symbolic": {"seconds"},
    "tests": {"way", "seconds", "unsafe"},
    "compiler": {"language", "unsafe"},
    "spelling": {"language", "file"},
    "format": {"pattern", "file"},
    "function": {"file", "seconds"},
    "judge": {"by", "way"},
    "person": {"by"},
    "human": {"by", "of"},
    "all": _JOINED,
    "any": _JOINED,
    "weighted": {"of", "weights"},
    "first": _JOINED,
    "gate": _JOINED,
}
"""The settings of each kind besides the kind itself."""


class EvaluatorConfig(ConfigModel):
    kind: EvaluatorKind
    """truth: the right answer, or a problem's tests; function: your own; judge: a model; person: a simulated one; all,
    any, weighted, first and gate are made of others."""
    of: list[str] = []
    """Names of the evaluators that all, any, weighted, first or gate is made of; of human, who judges meanwhile."""
    weights: list[Annotated[float, Field(gt=0)]] = []
    """Of weighted, one for each."""
    tolerance: Annotated[float, Field(ge=0)] = 1e-6
    """Of numeric, relative to the right answer."""
    language: str = ""
    """Of compiler: python, c, javascript or rust; of spelling: en, de, es, fr, it, nl, pt or ru."""
    file: str | None = None
    """Of spelling: words that are known besides, one a line; of format: a JSON schema; of function: your Python file
    with grade(question, answer, text), which runs in a process of its own."""
    pattern: str = ""
    """Of format: a regular expression of the whole answer."""
    way: Literal["", "monty", "cpython", "solving", "reading", "comparing"] = ""
    """Of tests: in Monty's sandbox, or in a real Python behind walls (cpython). Of judge: it answers by itself
    and answers are compared; it reads the answer (reading); it reads two answers and prefers one (comparing)."""
    by: str = ""
    """Of judge: an agent, "base", "population" or "endpoint:NAME"; of person: one of [people]; of human: "wait",
    "async" or "off"."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Of symbolic, tests and function: the most for one answer."""
    unsafe: str = ""
    """Of compiler and tests: "subprocess-with-limits-only" where this system has no walls and you accept that."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        no_others(self, self.kind, _OWN.get(self.kind, ()))
        if self.kind in {"all", "any", "weighted", "first", "gate"} and not self.of:
            raise ValueError(f"{self.kind} wants the evaluators it is made of, got no 'of'")
        if self.kind == "gate" and len(self.of) != 2:
            raise ValueError(
                f"a gate wants two: what must say 1 and what then scores, got {self.of}"
            )
        if self.kind == "weighted" and len(self.weights) != len(self.of):
            raise ValueError(
                f"weighted wants a weight for each of {', '.join(self.of)}, got {self.weights}"
            )
        if self.kind == "compiler" and self.language not in {
            "python",
            "c",
            "javascript",
            "rust",
        }:
            raise ValueError(
                f"a compiler's language is python, c, javascript or rust, got {self.language!r}"
            )
        if self.kind == "format" and bool(self.pattern) == bool(self.file):
            raise ValueError(
                "format wants a pattern or the file of a JSON schema, got both or none"
            )
        if self.kind == "function" and not self.file:
            raise ValueError(
                "function wants the file with grade(question, answer, text), got none"
            )
        ways = {
            "tests": {"monty", "cpython"},
            "judge": {"solving", "reading", "comparing"},
        }.get(self.kind, set())
        if self.way and self.way not in ways:
            raise ValueError(
                f"{self.kind} has the ways {', '.join(sorted(ways))}, got {self.way!r}"
            )
        if self.kind in {"judge", "person", "human"} and not self.by:
            raise ValueError(f"{self.kind} wants to know by whom, got no 'by'")
        return self

    @model_serializer(mode="wrap")
    def _own_settings(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return only(written(self), _OWN.get(self.kind, ()))


assert set(_OWN) | {"truth"} == set(get_args(EvaluatorKind))  # noqa: S101
