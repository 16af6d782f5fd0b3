"""Problems, their task types, and matches of a teacher and a student."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from docendo.records.agents import AgentId

__all__ = ["Match", "Message", "Problem", "TaskType", "TeachingOption", "problem_of"]


class TaskType(NamedTuple):
    """A kind of problem: what is taught, and what a curriculum weights."""

    domain: str
    family: str
    level: int

    def __str__(self) -> str:
        return f"{self.domain}/{self.family}/{self.level}"


class Message(NamedTuple):
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Problem:
    domain: str
    family: str
    level: int
    prompt: str
    answer: str
    """Read by graders and askers only; never rendered into a prompt."""
    solution: str = ""
    """Reasoning and then a last line ``Answer: ...``; empty where the source has none."""
    tests: tuple[str, ...] = ()
    """Assertions like ``f(3) == 7``, and statements that they need, as `docendo.assertions` reads them; empty where
    `answer` is compared as text."""
    source: str = ""
    """A program and its version, a file and row, or the agent that asked it."""
    choices: tuple[str, ...] = ()
    """Multiple choice: the texts of A, B, C and so on, one of which `answer` names; empty elsewhere."""
    hints: str = ""
    """For a teacher that writes a lesson on it; never rendered into a student's prompt."""

    @property
    def task_type(self) -> TaskType:
        return TaskType(self.domain, self.family, self.level)

    @property
    def worked(self) -> str:
        """The worked solution; the bare answer where there is none."""
        return self.solution or f"Answer: {self.answer}"

    @property
    def key(self) -> str:
        """Content hash: equal for two problems that ask the same thing, 16 hexadecimal digits."""
        text = "\x1f".join(
            (self.domain, self.family, self.prompt, self.answer, *self.tests)
        )
        return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


class Match(NamedTuple):
    teacher: AgentId
    student: AgentId
    domain: str
    family: str
    level: int

    @property
    def task_type(self) -> TaskType:
        return TaskType(self.domain, self.family, self.level)


class TeachingOption(NamedTuple):
    """A kind of problem, who may teach it, and who may be taught it; nobody teaches itself."""

    task_type: TaskType
    teachers: tuple[AgentId, ...]
    students: tuple[AgentId, ...]


def problem_of(fields: Mapping[str, Any]) -> Problem:
    """The problem whose fields, from ``dataclasses.asdict``, went through JSON."""
    lists = {name: tuple(fields.get(name, ())) for name in ("tests", "choices")}
    return Problem(**{**fields, **lists})
