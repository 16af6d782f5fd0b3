"""Runs untrusted Python in a fresh Monty worker: a Rust interpreter of a Python subset, in its own process.

Monty (https://github.com/pydantic/monty) stops endless loops, memory and recursion bombs and huge
output. It has no clock, no randomness and no file, network, environment or outside import: any call
that leaves the interpreter ends the run. It does not protect from a bug in Monty itself: its worker
has no seccomp filter and no namespaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from docendo.errors import RunError, UserError, require_package
from docendo.parts import PartConfig
from docendo.records import Outcome

__all__ = ["MontyConfig", "MontySandbox", "build_strict_monty"]

_EPOCH = datetime(2000, 1, 1)
_GRACE_SECONDS = 1.0
"""Monty ends a program at its limit itself; after this long the whole worker is ended."""
_MAX_PRINTED = 100_000


@dataclass(frozen=True)
class MontySandbox:
    """Runs a program, then calls into it. Raises UserError on construction where Monty is not installed."""

    seconds: float
    """For the program and again for each call."""
    memory_mb: int
    depth: int

    def __post_init__(self) -> None:
        _open_pool(_import_monty(), self.seconds)

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, such as ``6`` for ``f(3)``. Never raises for what `code` does.

        `calls` are trusted expressions and see the names that `code` defined. The same code gives
        the same outcome: the clock stands still and randomness is seeded. Raises RunError where no
        worker process can be started.
        """
        monty = _import_monty()
        try:
            pool = _open_pool(monty, self.seconds).__enter__()
        except (RuntimeError, OSError) as error:
            raise RunError(f"the sandbox cannot start a worker: {error}") from error
        try:
            return self._run(monty, pool, code, calls)
        finally:
            pool.__exit__(None, None, None)

    def _run(self, monty: Any, pool: Any, code: str, calls: Sequence[str]) -> Outcome:
        limits = {
            "max_feed_duration_secs": self.seconds,
            "max_memory": self.memory_mb * 2**20,
            "max_recursion_depth": self.depth,
            "max_suspensions": 0,  # a suspension asks this process for something outside
        }
        policy = {"datetime": _EPOCH, "sleep": "zero", "random_start": {"seed": 0}}
        printed = monty.CollectString(_MAX_PRINTED)
        values: list[str] = []

        # What a feed is worth comes back as an object, and a shared list of long strings would fill
        # this process's memory. exec is worth None, and %r makes a string that Monty's limit bounds.
        try:
            with pool.checkout(limits=limits, os_policy=policy) as session:
                session.feed_run(
                    "exec(source)", inputs={"source": code}, print_callback=printed
                )
                for call in calls:
                    value = session.feed_run(f'"%r" % ({call},)', print_callback=printed)
                    values.append(value)
        except (monty.MontyError, ValueError, TypeError) as error:
            return Outcome(False, tuple(values), _explain(error), str(printed.output))

        return Outcome(True, tuple(values), printed=str(printed.output))


class MontyConfig(PartConfig):
    """A Rust interpreter of a Python subset: fast, the same outcome every time, on every system."""

    type: str = "monty"
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for a program, and again for each call into it, in seconds."""
    memory_mb: Annotated[int, Field(ge=1, le=65_536)] = 32
    """Memory of one program, in MiB."""
    depth: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Maximum depth of nested calls."""

    def build(self, context: Any = None) -> MontySandbox:
        return MontySandbox(self.seconds, self.memory_mb, self.depth)


def build_strict_monty() -> MontySandbox:
    """For programs of a few lines, whose limits no setting changes."""
    return MontySandbox(seconds=1.0, memory_mb=32, depth=100)


def _import_monty() -> Any:
    require_package("pydantic_monty", "running programs", "sandbox")
    import pydantic_monty

    return pydantic_monty


def _open_pool(monty: Any, seconds: float) -> Any:
    try:
        return monty.Monty(max_processes=1, request_timeout=seconds + _GRACE_SECONDS)
    except FileNotFoundError as error:
        raise UserError(
            "pydantic-monty has no worker program here: pip install 'docendo[sandbox]'"
        ) from error


def _explain(error: Exception) -> str:
    text = str(error)[:200].split("\n")[0]
    if "suspension limit" in text:
        return "used an unknown name, or something outside the sandbox"
    return text[:100] or type(error).__name__
