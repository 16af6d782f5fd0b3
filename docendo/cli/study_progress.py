"""What a person sees while a study is going: finished trainings, and the one under way."""

import time
from collections.abc import Callable
from typing import Self

from docendo.cli.live_bar import BarState, LiveBar
from docendo.formatting import duration

__all__ = ["StudyProgress"]


class StudyProgress:
    """Shows a study's work (docendo.study.arm_run.TrainingCallback). A context manager."""

    def __init__(self, trainings: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._trainings = trainings
        self._finished = 0
        self._share_of_training = 0.0
        self._line = ""
        self._warnings: set[str] = set()

        self._clock = clock
        self._start = clock()
        self._finished_before: int | None = None
        self._bar = LiveBar(self._describe)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def work(self, purpose: str, tokens: int) -> None:
        """Too small to be shown."""

    def stage(self, name: str, index: int, of: int) -> None:
        """Too small to be shown."""

    def on_progress(self, spent: float) -> None:
        """The share of its budget that the training under way has spent."""
        self._share_of_training = spent

    def on_message(self, line: str) -> None:
        """What is done now."""
        self._line = line
        self._bar.print_line(line)

    def on_warning(self, line: str) -> None:
        """A warning, which is shown once: most hold for every training."""
        if line not in self._warnings:
            self._warnings.add(line)
            self._bar.print_line(line)

    def done(self, count: int) -> None:
        """So many trainings have a result."""
        # results from before this process say nothing of its speed
        if self._finished_before is None:
            self._finished_before = count
        self._finished = count
        self._share_of_training = 0.0

    def _describe(self) -> BarState:
        finished = self._finished + self._share_of_training
        details = f"{self._time_left()}{self._line} {self._share_of_training:.0%}"
        place = f"{self._finished}/{self._trainings}"
        return BarState(place, finished / max(1, self._trainings), details)

    def _time_left(self) -> str:
        """From the mean time of a training since the start; empty before one has begun."""
        trained = self._finished + self._share_of_training - (self._finished_before or 0)
        if not trained:
            return ""
        left = self._trainings - self._finished - self._share_of_training
        seconds = (self._clock() - self._start) / trained * left
        return f"about {duration(seconds)} left  "
