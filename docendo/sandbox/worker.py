"""A function of a user's own Python file, called in a process of its own.

A function that hangs, dies or takes all memory costs that one call, and the error says so. A process
that was ended is started again for the next call. The process has the user's rights and files: it
protects from mistakes, not from attacks. Arguments and results cross as JSON. A random generator among
the arguments is left as the function left it. What is printed goes nowhere.
"""

import inspect
import json
import os
import signal
import sys
import threading
import traceback
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from random import Random
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, NamedTuple

from docendo.errors import RunError, UserError, suggestion

__all__ = ["CallError", "CallResult", "SubprocessWorker", "serve"]

_LOAD_SECONDS = 60.0
"""The longest that loading the file may take."""
_MAX_MEMORY = 2 * 2**30
"""Bytes of data that the process may have, where the system counts them."""
_MAX_RESULT = 2**20
"""Characters of a result."""
_MAX_TEXT = 300
_RANDOM = "a generator's state"


class CallResult(NamedTuple):
    """What a call returned."""

    value: Any
    """As JSON has it: a tuple is a list."""
    kind: str
    """The type's name, as Python has it."""
    text: str
    """The beginning of its ``repr``."""


class CallError(Exception):
    """A call without a result; the message says why, and where in the user's file."""

    is_timeout = False
    """Whether it was ended at its limit of time."""


@dataclass
class SubprocessWorker:
    """Calls one function of a file. Several threads may; they take turns.

    Raises UserError on construction where the file is missing, cannot be loaded, or has no such function.
    """

    path: Path
    function: str
    signature: str
    """How it is called and what it returns, for an error."""
    seconds: float
    """For one call."""
    memory: int = _MAX_MEMORY
    scores: bool = False
    """Whether it is a function that scores answers, called as `docendo.sandbox.rewards` says."""
    batched: bool = False
    """Whether that function compares the answers of a call; known when it is loaded."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _process: Popen[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such Python file")
        try:
            with self._lock:
                self._start()
        except CallError as error:
            raise UserError(str(error)) from error

    def __call__(self, *arguments: Any, seconds: float | None = None) -> CallResult:
        """What the function returns, or comes to where it is async.

        Raises CallError where it raises, exits, or is ended at a limit.
        """
        with self._lock:
            if self._process is None:
                self._start()
            request = json.dumps(arguments, default=_encode_random)
            answer = self._exchange(request, seconds or self.seconds, self.function)

            generators = [value for value in arguments if isinstance(value, Random)]
            for rng, state in zip(generators, answer.pop("states"), strict=True):
                rng.setstate(_decode_state(state))
            return CallResult(**answer)

    def end(self) -> None:
        """End the process; the next call starts another."""
        with self._lock:
            self._kill()

    def _start(self) -> None:
        code = "from docendo.sandbox.worker import serve; serve()"
        settings = [str(self.path), self.function, self.signature, str(self.memory)]
        settings += ["scores"] * self.scores
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self._process = Popen(  # noqa: S603
                # -P: a json.py in the current folder must not replace Python's own.
                [sys.executable, "-P", "-c", code, *settings],
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                text=True,
                env=environment,
                # A group of its own, so that what the function starts ends with it.
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(
                f"{self.path}: no process can be started for it: {error.strerror}"
            ) from error

        weakref.finalize(self, _end, self._process)
        self.batched = self._exchange("", _LOAD_SECONDS, "loading it")["batched"]

    def _exchange(self, request: str, seconds: float, action: str) -> dict[str, Any]:
        """The answer to a line. The process is gone where there is none."""
        process = self._process
        assert process is not None  # noqa: S101
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        timed_out = threading.Event()
        timer = threading.Timer(seconds, _time_out, (process, timed_out))
        timer.start()
        try:
            if request:
                process.stdin.write(request + "\n")
                process.stdin.flush()
            line = process.stdout.readline(2 * _MAX_RESULT)
        except (OSError, ValueError):
            line = ""
        finally:
            timer.cancel()
            timer.join()

        # A whole line may have come just before the timer killed the process: it still counts.
        if timed_out.is_set() or not line.endswith("\n"):
            self._kill()
        if not line.endswith("\n"):
            problem = "ended its process"
            if timed_out.is_set():
                problem = f"took more than {seconds:g} seconds"
            error = CallError(f"{self.path}: {action} {problem}")
            error.is_timeout = timed_out.is_set()
            raise error

        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            if answer["fault"] != "raised":
                self._kill()
            raise CallError(answer["message"])

        return answer

    def _kill(self) -> None:
        process = self._process
        self._process = None
        if process is not None:
            _end(process)


def _time_out(process: "Popen[str]", timed_out: threading.Event) -> None:
    timed_out.set()
    _kill_group(process)


def _kill_group(process: "Popen[str]") -> None:
    """Kill it with all that it started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _end(process: "Popen[str]") -> None:
    """Kill it and wait for its end."""
    if process.poll() is None:
        _kill_group(process)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe:
                pipe.close()


def _encode_random(value: Any) -> Any:
    if isinstance(value, Random):
        return {_RANDOM: value.getstate()}
    raise TypeError(f"{type(value).__name__} cannot cross")


def _decode_random(value: Any) -> Any:
    if not isinstance(value, dict) or _RANDOM not in value:
        return value
    rng = Random()
    rng.setstate(_decode_state(value[_RANDOM]))
    return rng


def _decode_state(state: Any) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss


def serve() -> None:
    """The process's loop: a line of arguments in, a line of result out."""
    file, name, signature, memory, *scores = sys.argv[1:]
    path = Path(file)

    # The function gets neither pipe: what it prints or reads must not break the exchange.
    output = os.fdopen(os.dup(1), "w")
    requests = os.fdopen(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    # The module is missing on Windows, and macOS refuses the limit.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))

    function, problem = _load(path, name, signature, bool(scores))
    if problem:
        _write(output, {"fault": "file", "message": problem})
        return

    _write(output, {"batched": getattr(function, "batched", False)})
    for line in requests:
        _write(output, _call(function, json.loads(line), path, name))


def _write(output: Any, answer: dict[str, Any]) -> None:
    output.write(json.dumps(answer) + "\n")
    output.flush()


def _load(path: Path, name: str, signature: str, scores: bool) -> tuple[Any, str]:
    """The function, or what is wrong with the file."""
    import importlib.util

    from docendo.sandbox.rewards import build_scorer

    folder = path.absolute().parent
    package = ""
    while (folder / "__init__.py").is_file():
        package = f"{folder.name}.{package}"
        folder = folder.parent
    # Its neighbours come before installed packages, but not before Python's own modules.
    installed = [i for i, entry in enumerate(sys.path) if entry.endswith("-packages")]
    sys.path.insert(min(installed, default=len(sys.path)), str(folder))

    module_name = f"{package}{path.stem}" if package else f"docendo_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        return None, f"{path}: no such Python file"
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks for the module that it is defined in.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        return None, f"{error.filename or path}:{error.lineno}: {error.msg}"
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return None, _explain(error, path, "loading it")

    function = getattr(module, name, None)
    if not callable(function) and not (scores and hasattr(function, "funcs")):
        functions = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        hint = suggestion(name, functions) if functions else ""
        return None, f"{path}: has no function {name!r}{hint}; expected {signature}"
    try:
        return build_scorer(function) if scores else function, ""
    except UserError as error:
        return None, f"{path}: {name}: {error}"


def _call(function: Any, values: list[Any], path: Path, name: str) -> dict[str, Any]:
    from docendo.sandbox.rewards import wait_for

    arguments = [_decode_random(value) for value in values]
    try:
        value = wait_for(function(*arguments))
        text = repr(value)[:_MAX_TEXT]
        encoded = json.dumps(value, default=_encode_result)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return {"fault": "raised", "message": _explain(error, path, name)}

    if len(encoded) > _MAX_RESULT:
        problem = f"{path}: {name} returned more than {_MAX_RESULT} characters"
        return {"fault": "raised", "message": problem}

    return {
        "value": json.loads(encoded),
        "kind": type(value).__name__,
        "text": text,
        "states": [rng.getstate() for rng in arguments if isinstance(rng, Random)],
    }


def _encode_result(value: Any) -> Any:
    """What JSON does not have becomes null; `kind` still tells what it was."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else None


def _explain(error: BaseException, path: Path, name: str) -> str:
    """``x.py:12: draft raised ZeroDivisionError: division by zero``: the last line of the user's own file."""
    place = str(path)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(path):
            place = f"{path}:{frame.lineno}"
    message = traceback.format_exception_only(error)[-1].strip()[:200]
    return f"{place}: {name} raised {message}"
