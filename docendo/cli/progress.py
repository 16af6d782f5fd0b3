"""What a person sees while a run is going: a live line on a terminal, and a permanent line after every round."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import TracebackType
from typing import TYPE_CHECKING, Self

from docendo.cli.output import notice, safe, standard_error
from docendo.formatting import compact, duration, percent, signed
from docendo.records import BASE, Evaluation

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.store import RoundRecord, RoundRow

__all__ = ["Progress", "accuracy_line", "round_line", "seconds_left"]

_NAMED = 4
"""More agents than this are told as their mean alone."""
_FAULT = re.compile("(skipped|lost)/")


def seconds_left(
    spent: Mapping[str, Sequence[float]], to_do: Mapping[str, int]
) -> float | None:
    """Rounds to do by stage times the stage's mean seconds so far, or the other stages' where it has none yet.

    None where rounds are left and none was measured.
    """
    every = [s for seconds in spent.values() for s in seconds]
    if not every:
        return None if any(to_do.values()) else 0.0
    return sum(count * fmean(spent.get(stage) or every) for stage, count in to_do.items())


def accuracy_line(
    evaluations: Sequence[Evaluation], owns: Mapping[str, Sequence[str]], *, each: bool
) -> str:
    """``own 50% (emmy 25%, ada 75%), others 10%``, means over cells of agent and domain; empty for no evaluation.

    `each` tells the agents apart where they are few.
    """
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for e in evaluations:
        scores[e.agent, e.problem.domain].append(e.verdict.score)
    cells = {key: fmean(values) for key, values in scores.items()}
    base = [value for (agent, _), value in cells.items() if agent == BASE]
    own = {
        a: [v for (agent, d), v in cells.items() if agent == a and d in owns[a]]
        for a in owns
    }
    others = [v for (a, d), v in cells.items() if a in owns and d not in owns[a]]
    parts = [f"base {percent(fmean(base))}"] if base else []
    if mine := [v for values in own.values() for v in values]:
        apart = ", ".join(
            f"{a} {percent(fmean(values))}" for a, values in own.items() if values
        )
        parts.append(
            f"own {percent(fmean(mine))}"
            + (f" ({apart})" if each and 1 < len(own) <= _NAMED else "")
        )
    if others:
        parts.append(f"others {percent(fmean(others))}")
    return ", ".join(parts)


def round_line(record: "RoundRecord", place: str, owns: Mapping[str, Sequence[str]]) -> str:
    """``teaching 3/10  34 s  gate 58%  gain +0.08  own 50%``: what a round came to."""
    parts = [
        place,
        f"{record.seconds:.1f} s" if record.seconds < 10 else duration(record.seconds),
    ]
    if record.episodes:
        parts.append(f"gate {percent(record.metrics.get('gate/passed'))}")
        parts.append(f"gain {signed(record.metrics.get('gain'))}")
    if "duels" in record.metrics:
        parts.append(
            f"duels {record.metrics['duels']:.0f}  legal {percent(record.metrics['duels/legal'])}"
        )
    if open_to := [
        v for name, v in record.metrics.items() if name.startswith("duels/exploitability/")
    ]:
        parts.append(f"exploitability {fmean(open_to):.2f}")
    parts += [
        f"{name.replace('/', ' ')} {v:.0f}"
        for name, v in record.metrics.items()
        if _FAULT.match(name) and v
    ]
    parts.append(accuracy_line(record.evaluations, owns, each=True))
    return "  ".join(p for p in parts if p)


class Progress:
    """A watcher of a session (docendo.run.session.Callback), and a context manager. Says nothing to standard output."""

    def __init__(
        self,
        config: "Config",
        expert_rounds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        self._owns = {name: agent.domains for name, agent in config.learners.items()}
        self._of = {"experts": expert_rounds, "teaching": config.teaching.rounds}
        self._spent: dict[str, list[float]] = defaultdict(list)
        self._place, self._purpose, self._rate = "start", "", 0.0
        self._clock = clock
        self._began = self._last = self._since = clock()
        self._tokens = 0
        self._gain = self._accuracy = ""
        self._stopping = False
        place = TextColumn(
            "{task.fields[place]}",
            markup=False,
            table_column=Column(no_wrap=True, min_width=14),
        )
        said = TextColumn("{task.fields[said]}", markup=False)
        self._bar = Bar(
            place,
            BarColumn(bar_width=20),
            said,
            console=standard_error(),
            refresh_per_second=4,
        )
        self._live = self._bar.console.is_terminal
        self._task = self._bar.add_task(
            "", total=sum(self._of.values()) or 1, place="start", said=""
        )

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back. Closing twice does nothing."""
        if self._live:
            self._bar.stop()

    def before(self, rounds: Sequence["RoundRow"]) -> None:
        """Take in the rounds that were there already when a run goes on."""
        for row in rounds:
            self._count(row.round, row.stage, row.seconds)

    def stage(self, name: str, index: int, of: int) -> None:
        """A round begins."""
        self._of[name] = of
        if name == "teaching":
            self._of["experts"] = len(self._spent["experts"])
        self._place = f"{name} {index}/{of}"
        self._began = self._last = self._clock()
        self._purpose = ""
        self._show()

    def work(self, purpose: str, tokens: int) -> None:
        """A batch is done."""
        now = self._clock()
        if purpose != self._purpose:
            self._purpose, self._since, self._tokens = purpose, self._last, 0
        self._tokens, self._last = self._tokens + tokens, now
        self._rate = self._tokens / max(now - self._since, 1e-9)
        self._show()

    def ended(self, record: "RoundRecord") -> None:
        """A round is committed: its permanent line."""
        self._count(record.index, record.stage, record.seconds)
        line = round_line(record, self._place, self._owns)
        if "gain" in record.metrics:
            self._gain = f"gain {signed(record.metrics['gain'])}"
        self._accuracy = (
            accuracy_line(record.evaluations, self._owns, each=False) or self._accuracy
        )
        if self._live:
            self._bar.console.print(safe(line))
        else:
            notice(line)
        self._began = self._last = self._clock()
        self._show()

    def stopping(self) -> None:
        """Ctrl-C was pressed once. Called between any two instructions, so it does next to nothing."""
        self._stopping = True
        self._show()

    @property
    def left(self) -> float | None:
        """Seconds to the end of the run, as far as the rounds so far tell."""
        to_do = {
            stage: max(0, of - len(self._spent[stage])) for stage, of in self._of.items()
        }
        left = seconds_left(self._spent, to_do)
        return None if left is None else max(0.0, left - (self._clock() - self._began))

    def _count(self, index: int, stage: str, seconds: float) -> None:
        if index >= 0:
            self._spent[stage].append(seconds)

    def _show(self) -> None:
        if not self._live:
            return
        left = self.left
        parts = [
            f"{self._purpose} {compact(self._rate)} tokens/s" if self._purpose else "",
            self._gain,
            self._accuracy,
            f"about {duration(left)} left" if left is not None else "",
        ]
        if self._stopping:
            parts = ["finishing this round; Ctrl-C again stops now"]
        done = sum(map(len, self._spent.values()))
        total = max(sum(self._of.values()), 1)
        said = "  ".join(p for p in parts if p)
        self._bar.update(
            self._task, completed=done, total=total, place=self._place, said=said
        )
