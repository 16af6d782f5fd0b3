"""A user's function that hangs, raises, dies or takes all memory costs its own call, and is told with its line."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.sandbox.worker import SubprocessWorker

WANTED = "f(x)"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", r"mine.py:1: loading it raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit()", "mine.py:1: loading it raised SystemExit"),
        ("import os; os._exit(1)", "mine.py: loading it ended its process"),
        ("def f(x: return 1", "mine.py:1: "),
        ("f = 3", r"mine.py: has no function 'f'; expected f\(x\)"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why(
    code: str, said: str, file: Callable[[str], Path]
) -> None:
    with pytest.raises(UserError, match=said):
        SubprocessWorker(file(code), "f", WANTED, seconds=10)


def test_no_process_or_thread_is_left_behind(file: Callable[[str], Path]) -> None:
    before, worker = (
        threading.active_count(),
        SubprocessWorker(file("def f(x): return x"), "f", WANTED, seconds=10),
    )
    with ThreadPoolExecutor(2) as pool:
        assert [done.value for done in pool.map(worker, [{"a": 1}, [1.5, None]])] == [
            {"a": 1},
            [1.5, None],
        ]
    process = worker._process
    assert process
    del worker
    assert process.poll() is not None
    assert threading.active_count() == before
