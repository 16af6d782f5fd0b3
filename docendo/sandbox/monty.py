"""Runs untrusted Python in a fresh Monty worker: a Rust interpreter of a Python subset, in its own process.

Protects from endless loops, memory and recursion bombs, huge output, the clock and chance, and from every
file, network, environment or import from outside: any call that leaves the interpreter ends the run.
Does not protect from a bug in Monty itself: no seccomp, no user namespace. https://github.com/pydantic/monty
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docendo.errors import RunError, UserError

__all__ = ["Outcome", "Sandbox"]

_EPOCH = datetime(2000, 1, 1)
_GRACE = 1.0
_MAX_PRINTED = 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program gave. Only text crosses into this process, never one of the program's own objects."""

    ok: bool
    values: tuple[str, ...] = ()
    """The ``repr`` of each call's value, in order; those before the failure where not `ok`."""
    reason: str = ""
    """Why not `ok`, one line."""
    printed: str = ""
    """By the program and the calls."""


@dataclass(frozen=True)
class Sandbox:
    """Runs a program, then calls into it. Raises UseError on construction where Monty is not installed."""

    seconds: float = 1.0
    """For the program and again for each call."""
    memory_mb: int = 32
    depth: int = 100

    def __post_init__(self) -> None:
        _new_pool(_monty(), self.seconds)

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, such as ``6`` for ``f(3)``. Never raises for what `code` does.

        `calls` are trusted expressions and see the names that `code` defined. The same code gives the same outcome:
        the clock stands still and chance is seeded. RunError where no worker process can be started.
        """
        monty = _monty()
        try:
            pool = _new_pool(monty, self.seconds).__enter__()
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
            "max_suspensions": 0,
        }
        policy = {"datetime": _EPOCH, "sleep": "zero", "random_start": {"seed": 0}}
        printed, values = monty.CollectString(_MAX_PRINTED), list[str]()
        try:
            with pool.checkout(limits=limits, os_policy=policy) as session:
                # exec is worth None and %r a string: a shared list of long strings would fill this process's memory
                session.feed_run(
                    "exec(source)", inputs={"source": code}, print_callback=printed
                )
                for call in calls:
                    values.append(
                        session.feed_run(f'"%r" % ({call},)', print_callback=printed)
                    )
        except (monty.MontyError, ValueError, TypeError) as error:
            return Outcome(False, tuple(values), _reason(error), str(printed.output))
        return Outcome(True, tuple(values), printed=str(printed.output))


def _monty() -> Any:
    try:
        import pydantic_monty
    except ImportError as error:
        raise UserError(
            "running programs needs pydantic-monty: pip install pydantic-monty"
        ) from error
    return pydantic_monty


def _new_pool(monty: Any, seconds: float) -> Any:
    try:
        return monty.Monty(max_processes=1, request_timeout=seconds + _GRACE)
    except FileNotFoundError as error:
        raise UserError(
            "pydantic-monty has no worker program here: pip install pydantic-monty"
        ) from error


def _reason(error: Exception) -> str:
    text = str(error)[:200].split("\n")[0]
    if "suspension limit" in text:
        return "used an unknown name, or something outside the sandbox"
    return text[:100] or type(error).__name__
