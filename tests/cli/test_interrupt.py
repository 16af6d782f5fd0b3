import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from docendo.cli.interrupt import interrupts


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_asks_and_the_second_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log: list[object] = []

    def ended(code: int) -> None:
        log.append(code)
        raise SystemExit

    def pressed_twice() -> None:
        with interrupts(lambda: log.append("first"), lambda: log.append("second")) as state:
            state.running = True
            press()
            _until(lambda: state.is_requested)
            assert log == ["first"]
            press()
            _until(lambda: False)

    monkeypatch.setattr(os, "_exit", ended)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        pressed_twice()
    assert log == ["first", "second", 130]
    assert signal.getsignal(signal.SIGINT) is before


def test_before_the_first_round_ctrl_c_ends_the_process_as_usual() -> None:
    def pressed() -> None:
        with interrupts(print, print):
            press()
            _until(lambda: False)

    with pytest.raises(KeyboardInterrupt):
        pressed()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_child_processes_survive_the_first_ctrl_c() -> None:
    child = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"

    def blocked() -> str:
        return subprocess.run(
            [sys.executable, "-c", child], capture_output=True, text=True, check=True
        ).stdout

    with interrupts(print, print):
        assert blocked() == "True\n"
    assert blocked() == "False\n"


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.001)
