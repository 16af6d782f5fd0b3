"""Whether a program compiles, by the compilers that are here, which run in the sandbox themselves."""

import dataclasses
import shutil
from functools import cache

import pytest

from docendo.errors import UserError
from docendo.graders import compilers
from docendo.graders.compilers import LANGUAGES, Compiler, Language, installed_languages
from docendo.records import Problem, Verdict
from docendo.sandbox.isolated import IsolatedSandbox, strongest_isolation
from tests.sandbox.programs import LIMITS

pytestmark = pytest.mark.skipif(
    strongest_isolation().isolation is None,
    reason=f"no sandbox here: {strongest_isolation().failures}",
)

ANY = Problem("toy", "toy", 1, "What?", "?")
ONE, TWO = 0.75, 0.5 + 0.5 / 3


@cache
def compiler(language: Language) -> Compiler:
    return Compiler(language, IsolatedSandbox(LIMITS))


def judged(language: Language, code: str) -> Verdict:
    if language not in installed_languages():
        pytest.skip(f"{LANGUAGES[language].needs} is not here")
    return compiler(language)(ANY, f"```{language}\n{code}\n```")


@pytest.mark.parametrize(
    ("language", "code", "score"),
    [
        ("python", "def f(x):\n    return x + 1", 1),
        ("python", "def f(x): return x is 3", ONE),
        ("python", "a = '\\d'\nassert (1, 'x')", TWO),
        ("python", "def f(x:", 0),
        ("python", "return 3", 0),
        ("python", "x = 'a\x00'", 0),
        ("c", "int f(int x) { return x + 1; }", 1),
        ("c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 0; }", 1),
        ("c", "int f(void) { int x; return 1; }", ONE),
        ("c", "int f(int x) { return x + }", 0),
        ("javascript", "const f = x => x + 1", 1),
        ("javascript", "import fs from 'fs'\nexport const f = 1", 1),
        ("javascript", "const f = x => {", 0),
        ("rust", "fn main() { println!(\"{}\", 1 + 1); }", 1),
        ("rust", "fn f(x: i32) -> i32 { x + 1 }", 1),
        ("rust", "fn main() { let x = 1; }", ONE),
        ("rust", "fn main() { let x: i32 = \"a\"; }", 0),
    ],
)  # fmt: skip
def test_an_error_scores_nothing_and_a_warning_costs(
    language: Language, code: str, score: float
) -> None:
    verdict = judged(language, code)
    assert verdict.score == pytest.approx(score), verdict


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("c", "#pragma GCC system_header\nint f(void) { int x; return 1; }"),
        (
            "c",
            '#pra\\\ngma GCC diagnostic ignored "-Wall"\nint f(void) { int x; return 1; }',
        ),
        (
            "c",
            '_Pragma("GCC diagnostic ignored \\"-Wunused-variable\\"") int f(void) { int x; return 1; }',
        ),
        ("c", '#line 1 "other.c"\nint f(void) { int x; return 1; }'),
        ("rust", "#![allow(warnings)]\nfn main() { let x = 1; }"),
        ("rust", "fn main() { #[allow(unused_variables)] let x = 1; }"),
    ],
)
def test_code_that_switches_warnings_off_still_loses_points(
    language: Language, code: str
) -> None:
    assert 0.5 < judged(language, code).score <= 0.75


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "(" * 50_000),
        ("python", "-" * 19_000 + "1"),
        ("python", "#\n # only a comment"),
        ("python", "x" * 20_001),
        ("c", '#include "/dev/zero"'),
        ("c", '#include "answer.c"'),
        ("c", '#include "/etc/passwd"'),
        (
            "c",
            "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint y = B(B(B(1+)))0;",
        ),
        ("javascript", "(" * 19_000),
        ("javascript", "// nothing"),
        ("rust", 'const X: &str = include_str!("/etc/passwd"); fn main() {}'),
        ("rust", 'const X: &str = env!("HOME_OF_THE_USER"); fn main() {}'),
        pytest.param(
            "rust",
            "macro_rules! m { ($($x:tt)*) => { m!($($x)* $($x)*) } } fn main() { m!(a); }",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_hostile_source_is_a_failed_answer(language: Language, code: str) -> None:
    verdict = judged(language, code)
    assert verdict.score == 0
    assert 0 < len(verdict.reason) < 200


def test_compiled_programs_are_never_run() -> None:
    assert judged("python", "raise SystemExit('ran')") == (1.0, "compiles")


def test_a_missing_compiler_is_refused_with_the_installed_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(
        UserError, match="compiling rust needs rustc; compilers here: python"
    ):
        Compiler("rust", IsolatedSandbox(LIMITS))


def test_an_unknown_language_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="no compiler for 'pyton'; did you mean 'python'"):
        Compiler("pyton", IsolatedSandbox(LIMITS))  # type: ignore[arg-type]


def test_a_broken_compiler_is_refused_at_construction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = compilers.LANGUAGES["python"]._replace(sample="not a program")
    monkeypatch.setattr(compilers, "LANGUAGES", {**LANGUAGES, "python": broken})
    with pytest.raises(
        UserError, match="does not work in the sandbox: does not compile: SyntaxError"
    ):
        Compiler("python", IsolatedSandbox(LIMITS))


def test_a_compiler_grader_is_immutable() -> None:
    compiler = Compiler("python", IsolatedSandbox(LIMITS))
    with pytest.raises(dataclasses.FrozenInstanceError):
        compiler.language = "c"  # type: ignore[misc]
    assert compiler.language == "python"
