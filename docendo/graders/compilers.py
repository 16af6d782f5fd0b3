"""Does the program in an answer compile? The compiler itself runs in the sandbox; the program is not run.

A compiler alone is easy to please: it does not know what was asked. Use it as a gate or with a weight beside tests.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from docendo.errors import RunError, UserError, suggestion
from docendo.graders.answer import parallel
from docendo.graders.programs import extract_program
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Problem, Verdict
from docendo.sandbox.isolated import IsolatedSandbox, Unsafe
from docendo.sandbox.spec import Limits, Program, find_python

__all__ = [
    "LANGUAGES",
    "Compiler",
    "CompilerCommand",
    "CompilerConfig",
    "Language",
    "installed_languages",
]

Language = Literal["python", "c", "javascript", "rust"]

_MAX_PROGRAM = 20_000
_PYTHON_CHECK = """
import sys, warnings
with open(sys.argv[1], encoding="utf-8") as file:
    source = file.read()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    compile(source, sys.argv[1], "exec", dont_inherit=True)
for warning in caught:
    print(f"{sys.argv[1]}:{warning.lineno}: warning: {warning.message}", file=sys.stderr)
"""


class CompilerCommand(NamedTuple):
    """A compiler of this machine, and how it is called."""

    command: tuple[str, ...]
    """Without the source file, which comes last."""
    toolchain: tuple[str, ...] = ()
    files: Mapping[str, bytes] = {}


class _Language(NamedTuple):
    names: frozenset[str]
    """How a block of it may be labelled in an answer."""
    needs: str
    """The programs that compile it: one of them."""
    find: Callable[[], CompilerCommand | None]
    sample: str
    """What must compile, if anything does."""
    comments: str
    """A pattern of what is no code."""
    arguments: Callable[[str], tuple[str, ...]]
    """Further arguments for a program; the last is the name of the file that holds it."""
    limits: Limits = Limits(seconds=2, memory_mb=256, processes=4)
    silences: str = r"(?!)"
    """A pattern of what can switch warnings off: it counts as a warning itself."""


@dataclass(frozen=True)
class Compiler:
    """1 where the last program in a text compiles without a warning, 0.5 + 0.5 / (1 + w) with w warnings, 0 else.

    The program is the last closed ``` block, else what follows the last ``Answer:``, else all of
    the text. One that is empty but for comments scores 0. Raises UserError on construction where
    `language` has no compiler on this machine.
    """

    language: Language
    sandbox: IsolatedSandbox
    _command: CompilerCommand = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            hint = suggestion(self.language, LANGUAGES)
            raise UserError(f"no compiler for {self.language!r}{hint}")

        language = LANGUAGES[self.language]
        command = language.find()
        if command is None:
            raise UserError(
                f"compiling {self.language} needs {language.needs}; "
                f"compilers here: {', '.join(installed_languages())}"
            )

        object.__setattr__(self, "_command", command)
        sandbox = replace(self.sandbox, limits=language.limits)
        object.__setattr__(self, "sandbox", sandbox)

        # An installed compiler may still not work without the network, a home or much memory.
        problem = f"{command.command[0]} does not work in the sandbox"
        try:
            verdict = self._compile(language.sample)
        except RunError as error:
            raise UserError(f"{problem}: {error}") from error

        if verdict.score != 1:
            raise UserError(f"{problem}: {verdict.reason}")

    def __call__(self, problem: Problem, text: str) -> Verdict:
        language = LANGUAGES[self.language]
        code = extract_program(text, language.names)
        # Every compiler accepts a file of comments.
        if code is None or not re.sub(language.comments, "", code).strip():
            return Verdict(0.0, "no program")
        if len(code) > _MAX_PROGRAM:
            return Verdict(0.0, f"the program is longer than {_MAX_PROGRAM} characters")
        return self._compile(code)

    def _compile(self, code: str) -> Verdict:
        language = LANGUAGES[self.language]
        command = self._command
        *flags, file_name = language.arguments(code)
        program = Program(
            (*command.command, *flags, file_name),
            {**command.files, file_name: code.encode(errors="replace")},
            toolchain=command.toolchain,
        )
        result = self.sandbox(program)

        messages = result.err.decode(errors="replace")
        if not result.ok:
            reason = _first_error(messages, file_name) or result.reason
            return Verdict(0.0, f"does not compile: {reason}")

        warnings = len(re.findall(r"^[^\n]*:\d+: warning\b", messages, re.MULTILINE))
        # A pragma may be split over lines by backslashes.
        if re.search(language.silences, re.sub(r"\\\s*\n", "", code)):
            warnings += 1
        if not warnings:
            return Verdict(1.0, "compiles")
        plural = "s" if warnings > 1 else ""
        return Verdict(
            0.5 + 0.5 / (1 + warnings), f"compiles with {warnings} warning{plural}"
        )


class CompilerConfig(PartConfig):
    """The program in an answer compiles; warnings cost up to half a point."""

    type: str = "compiler"
    language: Language
    """Language of the program: python, c, javascript or rust."""
    unsafe: Unsafe = ""
    """"subprocess-with-limits-only" accepts that programs run without isolation. Empty:
    refused."""

    def build(self, context: Any = None) -> Evaluator:
        limits = LANGUAGES[self.language].limits
        sandbox = IsolatedSandbox(limits, allow_unsafe=bool(self.unsafe))
        return parallel(Compiler(self.language, sandbox))

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.tests)


def installed_languages() -> list[Language]:
    """The languages that can be compiled on this machine."""
    return [name for name, language in LANGUAGES.items() if language.find() is not None]


def _first_error(messages: str, file_name: str) -> str:
    """The line that says what is wrong: the first with an error, else the last."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    if not lines:
        return ""
    errors = [line for line in lines if re.search(r"\berror\b|Error: ", line)]
    line = errors[0] if errors else lines[-1]
    return line.removeprefix(f"{file_name}:")[:120]


def _python() -> CompilerCommand:
    command, toolchain = find_python()
    return CompilerCommand(
        (*command, "check.py"), toolchain, {"check.py": _PYTHON_CHECK.encode()}
    )


def _c() -> CompilerCommand | None:
    path = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    if path is None:
        return None
    # -Wsystem-headers: a line marker may call the program a system header, which is not warned of.
    flags = ("-fsyntax-only", "-Wall", "-Wextra", "-Wsystem-headers")
    form = ("-fno-diagnostics-show-caret", "-fdiagnostics-color=never")
    return CompilerCommand((os.path.realpath(path), *flags, *form))


def _javascript() -> CompilerCommand | None:
    path = shutil.which("node")
    if path is None:
        return None
    node = os.path.realpath(path)
    return CompilerCommand((node, "--max-old-space-size=192", "--check"), (node,))


def _rust() -> CompilerCommand | None:
    path = shutil.which("rustc")
    if path is None:
        return None
    try:
        # rustup's rustc only starts the real one, which is in the root of its installation.
        done = subprocess.run(  # noqa: S603
            [path, "--print", "sysroot"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None

    root = os.path.realpath(done.stdout.strip())
    # Forced: an allow() in the program does not switch them off.
    warnings = [f"--force-warn={lint}" for lint in _RUST_LINTS]
    form = ("--error-format=short", "--color=never", "--edition=2021")
    output = ("--emit=metadata", "-o", "out.rmeta")
    command = (f"{root}/bin/rustc", *warnings, *form, *output)
    return CompilerCommand(command, (f"{root}/bin", f"{root}/lib"))


def _javascript_arguments(code: str) -> tuple[str, ...]:
    is_module = re.search(r"^\s*(import|export)\b", code, re.MULTILINE)
    return ("answer.mjs" if is_module else "answer.js",)


def _rust_arguments(code: str) -> tuple[str, ...]:
    if re.search(r"\bfn\s+main\b", code):
        return ("answer.rs",)
    # Functions without a main are a library, in which nothing is called yet.
    return "--crate-type=lib", "-Adead_code", "answer.rs"


_RUST_LINTS = (
    "unused-variables",
    "unused-mut",
    "unused-assignments",
    "unused-imports",
    "unused-must-use",
    "unreachable-code",
)
_SLASHES = r"//[^\n]*|(?s:/\*.*?\*/)"

LANGUAGES: Mapping[Language, _Language] = {
    "python": _Language(
        names=frozenset({"", "py", "python", "python3"}),
        needs="Python",
        find=_python,
        sample="x = 1",
        comments=r"#[^\n]*",
        arguments=lambda _: ("answer.py",),
    ),
    "c": _Language(
        names=frozenset({"", "c", "h"}),
        needs="gcc or clang",
        find=_c,
        sample="int x;",
        comments=_SLASHES,
        arguments=lambda _: ("answer.c",),
        # #pragma and _Pragma, also pasted together of parts, also with other signs for #.
        silences=r"[Pp]ragma|##|%:%:|\?\?=",
    ),
    "javascript": _Language(
        names=frozenset({"", "js", "javascript", "node", "mjs"}),
        needs="node",
        find=_javascript,
        sample="let x = 1",
        comments=_SLASHES,
        arguments=_javascript_arguments,
        # V8 reserves tens of GiB of address space, and Node starts threads of its own.
        limits=Limits(seconds=4, wall=15, memory_mb=512, reserved_mb=65_536, processes=24),
    ),
    "rust": _Language(
        names=frozenset({"", "rs", "rust"}),
        needs="rustc",
        find=_rust,
        sample="fn main() {}",
        comments=_SLASHES,
        arguments=_rust_arguments,
        limits=Limits(seconds=4, wall=20, memory_mb=1024, reserved_mb=2048, processes=16),
        silences=r"\b(allow|cfg_attr)\b",
    ),
}
"""What can be compiled, where a compiler is installed. Node's check alone knows no warnings."""
