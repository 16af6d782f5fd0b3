"""A user's function that hangs, raises, dies or takes all memory costs its own call, and is told with its line."""

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docendo.asking.verifiers import load_solver
from docendo.build.evaluators import build_panel
from docendo.config.load import load_config
from docendo.errors import RunError, UserError
from docendo.graders.answer import parallel, per_answer
from docendo.graders.format import FormatGrader
from docendo.interfaces import Evaluator
from docendo.problems.user_function import load_function
from docendo.records import AgentId, Answer, Problem, Verdict
from docendo.sandbox.worker import CallError, FunctionGrader, SubprocessWorker

TRIALS = int(os.environ.get("DOCENDO_TRIALS", "12"))
WANTED = "f(x)"
GRADER = """
import json, os, sys, time

def grade(question, answer, text):
    if text == "hang":
        while True:
            pass
    if text == "sleep":
        time.sleep(1000)
    if text == "raise":
        return 1 / 0
    if text == "exit":
        sys.exit(0)
    if text == "die":
        os._exit(0)
    if text == "allocate":
        held = []
        while True:
            held.append(bytearray(2**28))
    if text == "child":
        if os.fork() == 0:
            while True:
                pass
        while True:
            pass
    if text == "recurse":
        return grade(question, answer, text) + 1
    if text == "print":
        print('{"value": 1.0, "kind": "float", "one_shot_fraction": "1.0", "states": []}')
        os.write(1, b'{"value": 1.0}\\n')
        return 0.25, "printed"
    if text == "close":
        os.closerange(0, 64)
        return 1.0
    if text == "long":
        return 1.0, "x" * 10_000_000
    garbage = {"nan": float("nan"), "two": 2.0, "minus": -1, "text": "right", "none": None, "list": [1.0], "tuple": (),
               "object": object(), "inf": float("inf"), "pair": ("right", 1.0), "dict": {"score": 1.0}}
    if text in garbage:
        return garbage[text]
    return float(text == answer), f"{text} for {answer}"
"""
HOSTILE = (
    *(
        "hang",
        "sleep",
        "raise",
        "exit",
        "die",
        "allocate",
        "child",
        "recurse",
        "close",
        "long",
    ),
    *(
        "nan",
        "two",
        "minus",
        "text",
        "none",
        "list",
        "tuple",
        "object",
        "inf",
        "pair",
        "dict",
    ),
)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(code: str) -> Path:
        (tmp_path / "mine.py").write_text(code)
        return tmp_path / "mine.py"

    return write


def answers(*texts: str) -> list[Answer]:
    return [
        Answer(Problem("d", "f", 1, "q", "4"), text, AgentId("ann"), 0) for text in texts
    ]


def evaluator(
    file: Path, how: Callable[..., Evaluator] = per_answer, seconds: float = 0.5
) -> tuple[Evaluator, SubprocessWorker]:
    errand = SubprocessWorker(file, "grade", WANTED, seconds, memory=400 * 2**20)
    return how(FunctionGrader(errand)), errand


def test_a_failing_grader_gives_a_verdict_with_a_reason_and_changes_no_other(
    file: Callable[[str], Path],
) -> None:
    """``DOCENDO_TRIALS=100`` for the full number; every kind is in the first of each 21 trials."""
    judge, errand = evaluator(file(GRADER))
    for seed in range(TRIALS):
        rng = random.Random(seed)
        texts = [rng.choice(("4", "5", "print")) for _ in range(6)]
        at = rng.randrange(len(texts))
        well = judge(answers(*texts))
        texts[at] = HOSTILE[seed % len(HOSTILE)]
        ill = judge(answers(*texts))
        assert ill[:at] + ill[at + 1 :] == well[:at] + well[at + 1 :]
        assert ill[at].score == 0
        assert ill[at].reason.startswith("grader failed: ")
    errand.end()


def test_an_error_of_a_grader_is_reported_with_its_line(
    file: Callable[[str], Path],
) -> None:
    judge, errand = evaluator(file(GRADER), seconds=30)
    said = [
        v.reason
        for v in judge(answers("raise", "exit", "die", "allocate", "two", "4", "print"))
    ]
    errand.seconds = 0.5
    said += [v.reason for v in judge(answers("hang"))]
    errand.end()
    where = errand.path
    assert said == [
        f"grader failed: {where}:11: grade raised ZeroDivisionError: division by zero",
        f"grader failed: {where}:13: grade raised SystemExit: 0",
        f"grader failed: {where}: grade ended its process",
        f"grader failed: {where}:19: grade raised MemoryError",
        "grader failed: wanted a score from 0 to 1, got 2.0",
        "4 for 4",
        "printed",
        f"grader failed: {where}: grade took more than 0.5 seconds",
    ]


def test_processes_started_by_a_grader_end_with_it(
    file: Callable[[str], Path], tmp_path: Path
) -> None:
    code = f"""
import os
def grade(question, answer, text):
    if os.fork() == 0:
        open({str(tmp_path / "child")!r}, "w").write(str(os.getpid()))
    while True:
        pass
"""
    judge, _ = evaluator(file(code))
    assert judge(answers("4"))[0].score == 0
    child = int((tmp_path / "child").read_text())
    for _ in range(200):
        if not _alive(child):
            break
        time.sleep(0.01)
    assert not _alive(child)


def _alive(process: int) -> bool:
    """A zombie is not."""
    try:
        return (
            Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False


def test_several_threads_take_turns_and_each_gets_its_own_verdict(
    file: Callable[[str], Path],
) -> None:
    judge, errand = evaluator(file(GRADER), lambda g: parallel(g, 4))
    texts = ["4", "5", "raise", "4", "die", "5"] * 4
    assert [v.score for v in judge(answers(*texts))] == [1, 0, 0, 1, 0, 0] * 4
    errand.end()


def test_graders_in_this_process_may_raise_exit_or_give_garbage() -> None:
    def raises(_: Problem, text: str) -> Verdict:
        found: dict[str, object] = {
            "two": Verdict(2.0, ""),
            "nan": Verdict(float("nan"), ""),
            "none": None,
            "text": "ok",
        }
        if text == "exit":
            raise SystemExit(3)
        if text == "memory":
            raise MemoryError
        return found.get(text, Verdict(1.0, "fine"))  # type: ignore[return-value]

    verdicts = per_answer(raises)(
        answers("exit", "memory", "two", "nan", "none", "text", "else")
    )
    assert [v.score for v in verdicts] == [0, 0, 0, 0, 0, 0, 1]
    assert all(v.reason.startswith("grader failed: ") for v in verdicts[:-1])


def test_a_run_error_of_a_grader_is_no_verdict() -> None:
    def stops(_: Problem, text: str) -> Verdict:
        raise RunError("no space left")

    with pytest.raises(RunError, match="no space left"):
        per_answer(stops)(answers("4"))


def test_an_evaluator_of_the_config_may_be_a_users_function(
    file: Callable[[str], Path], tmp_path: Path
) -> None:
    file(GRADER)
    (tmp_path / "c.toml").write_text("""
[domains.mathematics]
families = { sums = [1] }
evaluator = "mine"
[evaluators.mine]
type = "function"
file = "mine.py"
seconds = 0.5
[agents]
ann = { domain = "mathematics" }
""")
    panel = build_panel(load_config(tmp_path / "c.toml"))
    assert [v.score for v in panel.by_domain["mathematics"](answers("4", "hang", "4"))] == [
        1,
        0,
        1,
    ]
    (tmp_path / "mine.py").write_text("x = 1")
    with pytest.raises(
        UserError,
        match=r"\[evaluators.mine\]: .*mine.py: has no function 'grade'; wanted grade",
    ):
        build_panel(load_config(tmp_path / "c.toml"))


def test_a_regex_that_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docendo.graders.format._SECONDS", 0.25)
    judge = per_answer(FormatGrader(pattern="(a+)+b"))
    verdicts = judge(answers("aab", "a" * 60, "b", "ab"))
    assert [v.score for v in verdicts] == [1, 0, 0, 1]
    assert verdicts[1].reason == "matching it took more than 0.25 seconds"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return 1 / 0", r"mine.py:4: draft raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", r"mine.py:4: draft raised SystemExit: 3"),
        ("import os; os._exit(0)", r"mine.py: draft ended its process"),
    ],
)
def test_a_failing_asker_is_reported_with_line_and_arguments(
    line: str, said: str, file: Callable[[str], Path]
) -> None:
    source = load_function(
        file(
            f"def draft(rng, level):\n    if level < 3:\n        return str(rng.random()), '4'\n    {line}\n"
        ),
        "d",
    )
    assert len(source.draw("mine", 2, 3, 7, "train")) == 3
    with pytest.raises(RunError, match=rf"{said} \(at d/mine, level 3, seed 7\)"):
        source.draw("mine", 3, 1, 7, "train")


def test_an_asker_gets_the_same_random_numbers_as_in_this_process(
    file: Callable[[str], Path],
) -> None:
    """The generator goes there and comes back."""
    code = "def draft(rng, level):\n    return str(rng.gauss(0, 1)), str([rng.randrange(99) for _ in range(level)])\n"
    source, rng = load_function(file(code), "d"), random.Random(7)
    made = {
        (str(rng.gauss(0, 1)), str([rng.randrange(99) for _ in range(3)]))
        for _ in range(40)
    }
    assert {(p.prompt, p.answer) for p in source.draw("mine", 3, 10, 7, "train")} <= made


def test_a_solver_that_fails_has_no_answer(file: Callable[[str], Path]) -> None:
    solve = load_solver(
        file("def solve(question):\n    return {'a': 4, 'b': None}[question]\n")
    )
    assert (solve("a"), solve("b")) == ("4", None)
    with pytest.raises(CallError, match=r"mine.py:2: solve raised KeyError: 'c'"):
        solve("c")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", r"mine.py:1: loading it raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit()", "mine.py:1: loading it raised SystemExit"),
        ("import os; os._exit(1)", "mine.py: loading it ended its process"),
        ("def f(x: return 1", "mine.py:1: "),
        ("f = 3", r"mine.py: has no function 'f'; wanted f\(x\)"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why(
    code: str, said: str, file: Callable[[str], Path]
) -> None:
    with pytest.raises(UserError, match=said):
        SubprocessWorker(file(code), "f", WANTED)


def test_no_process_or_thread_is_left_behind(file: Callable[[str], Path]) -> None:
    before, errand = (
        threading.active_count(),
        SubprocessWorker(file("def f(x): return x"), "f", WANTED),
    )
    with ThreadPoolExecutor(2) as pool:
        assert [done.value for done in pool.map(errand, [{"a": 1}, [1.5, None]])] == [
            {"a": 1},
            [1.5, None],
        ]
    process = errand._process
    assert process
    del errand
    assert process.poll() is not None
    assert threading.active_count() == before
