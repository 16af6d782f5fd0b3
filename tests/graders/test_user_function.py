"""A grader that hangs, raises, dies or takes all memory costs its own verdict, which says why."""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docendo.build.evaluators import build_panel
from docendo.config.load import load_config
from docendo.errors import UserError
from docendo.graders.user_function import FunctionEvaluatorConfig, FunctionGrader
from docendo.interfaces import Evaluator
from docendo.records import AgentId, Answer, Problem
from docendo.sandbox.worker import SubprocessWorker

WANTED = "f(x)"
TRIALS = int(os.environ.get("DOCENDO_TRIALS", "12"))


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
        print('{"value": 1.0, "kind": "float", "text": "1.0", "states": []}')
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


def answers(*texts: str) -> list[Answer]:
    return [
        Answer(Problem("d", "f", 1, "q", "4"), text, AgentId("ann"), 0) for text in texts
    ]


def evaluator(file: Path, seconds: float = 0.5) -> tuple[Evaluator, SubprocessWorker]:
    worker = SubprocessWorker(
        file, "grade", WANTED, seconds, memory=400 * 2**20, scores=True
    )
    return FunctionGrader(worker), worker


def test_a_failing_grader_gives_a_verdict_with_a_reason_and_changes_no_other(
    file: Callable[[str], Path],
) -> None:
    """``DOCENDO_TRIALS=100`` for the full number; every kind is in the first of each 20 trials."""
    judge, worker = evaluator(file(GRADER))
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
    worker.end()


def test_an_error_of_a_grader_is_reported_with_its_line(
    file: Callable[[str], Path],
) -> None:
    judge, worker = evaluator(file(GRADER), seconds=30)
    said = [
        v.reason
        for v in judge(answers("raise", "exit", "die", "allocate", "two", "4", "print"))
    ]
    worker.seconds = 0.5
    said += [v.reason for v in judge(answers("hang"))]
    worker.end()
    where = worker.path
    assert said == [
        f"grader failed: {where}:11: grade raised ZeroDivisionError: division by zero",
        f"grader failed: {where}:13: grade raised SystemExit: 0",
        f"grader failed: {where}: grade ended its process",
        f"grader failed: {where}:19: grade raised MemoryError",
        "grader failed: expected a score from 0 to 1, got 2.0",
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
    judge, worker = evaluator(file(GRADER))
    texts = ["4", "5", "raise", "4", "die", "5"]
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(judge, [answers(*texts)] * 4))
    assert [v.score for four in verdicts for v in four] == [1, 0, 0, 1, 0, 0] * 4
    worker.end()


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
        match=r"\[evaluators.mine\]: .*mine.py: has no function 'grade'; expected grade",
    ):
        build_panel(load_config(tmp_path / "c.toml"))


REWARD = """
from dataclasses import dataclass

from neighbour import NUMBER

@dataclass
class Limit:
    length: int = NUMBER

async def ranked(prompts, completions, answer, **kwargs):
    if "bad" in [c[0]["content"] for c in completions]:
        raise ValueError("bad among them")
    return [c[0]["content"] == a for c, a in zip(completions, answer)]

def correct(completion, answer, **kwargs):
    return 1.0 if completion == answer else 0.0

class Rubric:
    funcs = [correct]
    weights = [0.5]

rubric = Rubric()
"""


def test_reward_functions_and_rubrics_of_a_file_with_neighbours_are_evaluators(
    file: Callable[[str], Path],
) -> None:
    path = file(REWARD)
    path.with_name("neighbour.py").write_text("NUMBER = 3")
    path.with_name("json.py").write_text("1 / 0")
    for name in ("correct", "rubric", "ranked"):
        judge = FunctionEvaluatorConfig(file=str(path), function=name).build()
        assert [v.score for v in judge(answers("4", "5", "4"))] == [1, 0, 1]

    # Together they fail, alone only one of them.
    scores, reasons = zip(*judge(answers("4", "bad", "5")), strict=True)
    assert scores == (1, 0, 0)
    assert reasons[1].endswith("mine.py:12: ranked raised ValueError: bad among them")
    judge.worker.end()


def test_a_file_in_a_package_may_import_relatively(tmp_path: Path) -> None:
    package = tmp_path / "mypackage"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "neighbour.py").write_text("RIGHT = 1")
    (package / "mine.py").write_text(
        "from .neighbour import RIGHT\ndef grade(question, answer, text): return RIGHT"
    )
    judge = FunctionEvaluatorConfig(file=str(package / "mine.py")).build()
    assert judge(answers("4")) == [(1.0, "by your function")]
    judge.worker.end()
