"""A function of a user's own Python file, called in a process of its own: one that hangs, dies or takes all memory
costs that call, and is told. A process that was ended is started again for the next call.

The process has the user's rights and files: it holds off mistakes, not attacks. Arguments and results cross as JSON;
a generator of random numbers among the arguments is left as the function left it. What is printed goes nowhere.
"""

import json
import os
import signal
import sys
import threading
import traceback
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, NamedTuple

from docendo.errors import RunError, UserError
from docendo.records import Problem, Verdict

__all__ = ["CallError", "CallResult", "FunctionGrader", "SubprocessWorker", "serve"]

_START = 60.0
"""Seconds that the file may take to load."""
_MEMORY = 2 * 2**30
"""Bytes of data that the process may have, where the system counts them."""
_LONGEST = 2**20
"""Letters of a result."""
_RANDOM = "a generator's state"


class CallResult(NamedTuple):
    """What a call gave."""

    value: Any
    """As JSON has it: a tuple is a list."""
    kind: str
    """The type's name, as Python has it."""
    shown: str
    """The beginning of its ``repr``."""


class CallError(Exception):
    """A call without a result; the message says why, and where in the user's file."""

    late = False
    """Whether it was ended at its limit of time."""


@dataclass
class SubprocessWorker:
    """Calls one function of a file. Several threads may; they take turns.

    Raises UseError on construction where the file is missing, cannot be loaded, or has no such function.
    """

    path: Path
    function: str
    wanted: str
    """How it is called and what it returns, for whoever forgot it."""
    seconds: float = 10.0
    """For one call."""
    memory: int = _MEMORY
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _process: Popen[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such Python file")
        try:
            with self._lock:
                self._begin()
        except CallError as error:
            raise UserError(str(error)) from error

    def __call__(self, *given: Any) -> CallResult:
        """What the function gives. Raises Lost where it raises, exits, or is ended at a limit."""
        with self._lock:
            if self._process is None:
                self._begin()
            answer = self._told(
                json.dumps(given, default=_state), self.seconds, self.function
            )
            for rng, state in zip(
                (g for g in given if isinstance(g, Random)),
                answer.pop("states"),
                strict=True,
            ):
                rng.setstate(_tuples(state))
            return CallResult(**answer)

    def end(self) -> None:
        """End the process; the next call starts another."""
        with self._lock:
            self._kill()

    def _begin(self) -> None:
        code = "from docendo.sandbox.worker import serve; serve()"
        command = [
            sys.executable,
            "-P",
            "-c",
            code,
            str(self.path),
            self.function,
            self.wanted,
            str(self.memory),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self._process = Popen(  # noqa: S603
                command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                text=True,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(
                f"{self.path}: no process can be started for it: {error.strerror}"
            ) from error
        weakref.finalize(self, _end, self._process)
        self._told("", _START, "loading it")

    def _told(self, line: str, seconds: float, what: str) -> dict[str, Any]:
        """The answer to a line. The process is gone where there is none."""
        process, late = self._process, threading.Event()
        assert process is not None  # noqa: S101
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        timer = threading.Timer(seconds, _cut, (process, late))
        timer.start()
        try:
            if line:
                process.stdin.write(line + "\n")
                process.stdin.flush()
            found = process.stdout.readline(2 * _LONGEST)
        except (OSError, ValueError):
            found = ""
        finally:
            timer.cancel()
            timer.join()
        if late.is_set() or not found.endswith("\n"):
            self._kill()
        if not found.endswith("\n"):
            why = (
                f"took more than {seconds:g} seconds"
                if late.is_set()
                else "ended its process"
            )
            lost = CallError(f"{self.path}: {what} {why}")
            lost.late = late.is_set()
            raise lost
        answer: dict[str, Any] = json.loads(found)
        if "fault" in answer:
            if answer["fault"] != "raised":
                self._kill()
            raise CallError(answer["told"])
        return answer

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process)


def _cut(process: "Popen[str]", late: threading.Event) -> None:
    late.set()
    _signal(process)


def _signal(process: "Popen[str]") -> None:
    """Kills it with all that it started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def _end(process: "Popen[str]") -> None:
    """Kills it and waits for its end."""
    if process.poll() is None:
        _signal(process)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe:
                pipe.close()


@dataclass(frozen=True)
class FunctionGrader:
    """A grader: what a function ``grade(question, answer, text)`` says, a score or a score and a reason."""

    errand: SubprocessWorker

    def __call__(self, problem: Problem, text: str) -> Verdict:
        """0 where the function gives no verdict, with the reason."""
        try:
            done = self.errand(problem.prompt, problem.answer, text)
        except CallError as error:
            return Verdict(0.0, f"grader failed: {error}"[:300])
        score, reason = (
            done.value
            if done.kind == "tuple" and len(done.value) == 2
            else (done.value, "by your function")
        )
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            return Verdict(
                0.0, f"grader failed: wanted a score from 0 to 1, got {done.shown}"[:300]
            )
        return Verdict(float(score), str(reason)[:300])


def _state(given: Any) -> Any:
    if isinstance(given, Random):
        return {_RANDOM: given.getstate()}
    raise TypeError(f"{type(given).__name__} cannot cross")


def _tuples(state: Any) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss


def _random(given: Any) -> Any:
    if not isinstance(given, dict) or _RANDOM not in given:
        return given
    rng = Random()
    rng.setstate(_tuples(given[_RANDOM]))
    return rng


def serve() -> None:
    """The process's loop: a line of arguments in, a line of result out. Whatever it prints besides goes nowhere."""
    path, name, wanted, memory = sys.argv[1:]
    told = os.fdopen(os.dup(1), "w")
    given = os.fdopen(os.dup(0))
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        os.dup2(os.open(os.devnull, mode), number)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    function, fault = _loaded(Path(path), name, wanted)
    _say(told, {"fault": "file", "told": fault} if fault else {})
    for line in given if not fault else ():
        _say(told, _called(function, json.loads(line), Path(path), name))


def _say(told: Any, answer: dict[str, Any]) -> None:
    told.write(json.dumps(answer) + "\n")
    told.flush()


def _loaded(path: Path, name: str, wanted: str) -> tuple[Any, str]:
    """The function, or what is wrong with the file."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f"docendo_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        return None, f"{path}: no such Python file"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        return None, f"{error.filename or path}:{error.lineno}: {error.msg}"
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return None, _fault(error, path, "loading it")
    function = getattr(module, name, None)
    return (
        (function, "")
        if callable(function)
        else (None, f"{path}: has no function {name!r}; wanted {wanted}")
    )


def _called(function: Any, given: list[Any], path: Path, name: str) -> dict[str, Any]:
    arguments = [_random(g) for g in given]
    try:
        value = function(*arguments)
        shown = repr(value)[:300]
        written = json.dumps(value, default=lambda _: None)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return {"fault": "raised", "told": _fault(error, path, name)}
    if len(written) > _LONGEST:
        return {
            "fault": "raised",
            "told": f"{path}: {name} gave more than {_LONGEST} letters",
        }
    states = [a.getstate() for a in arguments if isinstance(a, Random)]
    return {
        "value": json.loads(written),
        "kind": type(value).__name__,
        "shown": shown,
        "states": states,
    }


def _fault(error: BaseException, path: Path, name: str) -> str:
    """``x.py:12: draft raised ZeroDivisionError: division by zero``: the last line of the user's own file."""
    lines = [
        f.lineno
        for f in traceback.extract_tb(error.__traceback__)
        if f.filename == str(path)
    ]
    said = traceback.format_exception_only(error)[-1].strip()[:200]
    return f"{path}{f':{lines[-1]}' if lines else ''}: {name} raised {said}"
