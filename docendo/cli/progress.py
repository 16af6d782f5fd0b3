"""What a person sees while a run is going: a live bar, and a permanent line after every round."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Self

from docendo.cli.live_bar import BarState, LiveBar
from docendo.formatting import compact, duration, percent, signed
from docendo.records import BASE, Evaluation
from docendo.report.facts.cut import cut_hints
from docendo.store import RoundRecord, RoundRow

if TYPE_CHECKING:
    from docendo.config.load import Config

__all__ = ["Progress", "accuracy_line", "round_line", "seconds_left"]

_MAX_NAMED = 4
"""Accuracies of single agents are shown up to this many agents."""
_FAULTS = {
    "nonfinite_steps/policy": "skipped policy steps of",
    "nonfinite_steps/imitation": "skipped imitation steps of",
    "nonfinite_steps/experts": "skipped steps of",
    "nonfinite_answers": "broken answers of",
}
"""Metrics of an agent whose own numbers were not finite, in words."""
_GAP = "  "


def seconds_left(
    seconds_by_stage: Mapping[str, Sequence[float]], rounds_left: Mapping[str, int]
) -> float | None:
    """Estimate the seconds that are left from the mean round of each stage.

    A stage without a finished round is taken to be as slow as the others. None where rounds
    are left and none was measured.
    """
    all_seconds = [s for seconds in seconds_by_stage.values() for s in seconds]
    if not all_seconds:
        return None if any(rounds_left.values()) else 0.0

    total = 0.0
    for stage, count in rounds_left.items():
        total += count * fmean(seconds_by_stage.get(stage) or all_seconds)
    return total


def accuracy_line(
    evaluations: Sequence[Evaluation], owns: Mapping[str, Sequence[str]], *, each: bool
) -> str:
    """``own 50% (emmy 25%, ada 75%), others 10%``; empty for no evaluation.

    The numbers are means over cells of agent and domain. `owns` are the domains that each
    learner is an expert of; `each` shows single agents where they are few.
    """
    scores = defaultdict(list)
    for evaluation in evaluations:
        scores[evaluation.agent, evaluation.problem.domain].append(evaluation.verdict.score)

    base_cells = []
    other_cells = []
    own_cells: dict[str, list[float]] = {agent: [] for agent in owns}
    for (agent, domain), values in scores.items():
        if agent == BASE:
            base_cells.append(fmean(values))
        elif agent in owns and domain in owns[agent]:
            own_cells[agent].append(fmean(values))
        elif agent in owns:
            other_cells.append(fmean(values))

    parts = []
    if base_cells:
        parts.append(f"base {percent(fmean(base_cells))}")
    if any(own_cells.values()):
        parts.append(_own_accuracy(own_cells, each=each and 1 < len(owns) <= _MAX_NAMED))
    if other_cells:
        parts.append(f"others {percent(fmean(other_cells))}")
    return ", ".join(parts)


def _own_accuracy(cells_by_agent: Mapping[str, Sequence[float]], *, each: bool) -> str:
    all_cells = [cell for cells in cells_by_agent.values() for cell in cells]
    text = f"own {percent(fmean(all_cells))}"
    if not each:
        return text

    agents = []
    for agent, cells in cells_by_agent.items():
        if cells:
            agents.append(f"{agent} {percent(fmean(cells))}")
    return f"{text} ({', '.join(agents)})"


def round_line(record: RoundRecord, place: str, owns: Mapping[str, Sequence[str]]) -> str:
    """``round 4, teaching 3/10  34 s  passed the gate 58%  gain +0.08  own 50%``."""
    metrics, seconds = record.metrics, record.seconds
    parts = [place, f"{seconds:.1f} s" if seconds < 10 else duration(seconds)]

    if record.episodes:
        parts.append(f"passed the gate {percent(metrics.get('gate/passed'))}")
        parts.append(f"gain {signed(metrics.get('gain'))}")
    if "choosing/saved" in metrics:
        parts.append(f"choosing saved {compact(metrics['choosing/saved'], 'FLOP')}")

    if "duels" in metrics:
        parts.append(f"duels {metrics['duels']:.0f}")
        parts.append(f"legal {percent(metrics['duels/legal'])}")

    exploitability = metrics.by_agent("duels/exploitability")
    if exploitability:
        parts.append(f"exploitability {fmean(exploitability.values()):.2f}")

    kept = metrics.by_agent("kept/one_shot")
    if kept:
        parts.append(f"after an example {percent(fmean(kept.values()))}")

    for metric in metrics.records:
        if metric.agent and metric.value and metric.name in _FAULTS:
            parts.append(f"{_FAULTS[metric.name]} {metric.agent} {metric.value:.0f}")
    parts.append(accuracy_line(record.evaluations, owns, each=True))
    return _join(parts)


def _join(parts: Iterable[str]) -> str:
    return _GAP.join(part for part in parts if part)


class Progress:
    """Shows a session's work on standard error (docendo.run.session.Callback).

    A context manager. It prints nothing on standard output.
    """

    def __init__(
        self,
        config: "Config",
        expert_rounds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._owns = {name: agent.domains for name, agent in config.learners.items()}
        self._experts = config.experts
        self._rounds = {"experts": expert_rounds, "teaching": config.teaching.rounds}
        # all keys from the start: another thread reads this while the bar is drawn
        self._seconds: dict[str, list[float]] = {"experts": [], "teaching": []}

        self._stage = ""
        self._place = "start"
        self._steps_before = 0
        self._steps = 0

        self._clock = clock
        self._round_start = clock()
        self._purpose = ""
        self._purpose_start = self._last_batch = self._round_start
        self._tokens = 0

        self._gain = ""
        self._accuracy = ""
        self._stopping = False
        self._bar = LiveBar(self._describe)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back. Closing twice does nothing."""
        self._bar.stop()

    def before(self, rounds: Sequence[RoundRow]) -> None:
        """Take in the rounds that were finished before a run was resumed."""
        for row in rounds:
            self._count(row.round, row.stage, row.seconds)

    def stage(self, name: str, index: int, of: int) -> None:
        """A round begins; the first of a stage has index 1."""
        self._stage = name
        self._place = f"{name} {index}/{of}"
        self._rounds[name] = of
        if name == "teaching":
            # experts that were good enough early have no rounds left
            self._rounds["experts"] = len(self._seconds["experts"])

        self._steps_before = (index - 1) * self._experts.eval_every
        self._steps = 0
        self._purpose = ""
        self._round_start = self._last_batch = self._clock()

    def work(self, purpose: str, tokens: int) -> None:
        """A batch is done."""
        # the speed of sampling says nothing of that of training
        if purpose != self._purpose:
            self._purpose = purpose
            self._purpose_start = self._last_batch
            self._tokens = 0
        if purpose == "experts":
            self._steps += 1
        self._tokens += tokens
        self._last_batch = self._clock()

    def ended(self, record: RoundRecord, *, is_rehearsal: bool = False) -> None:
        """A round is committed: print its line.

        A rehearsal has few tokens on purpose, and gets no hint to raise them.
        """
        self._count(record.index, record.stage, record.seconds)
        if "gain" in record.metrics:
            self._gain = f"gain {signed(record.metrics['gain'])}"
        accuracy = accuracy_line(record.evaluations, self._owns, each=False)
        self._accuracy = accuracy or self._accuracy

        is_round = record.index >= 0
        place = f"round {record.index}, {self._place}" if is_round else self._place
        hints = [] if is_rehearsal else cut_hints(record.metrics)
        self._bar.print_line(_join([round_line(record, place, self._owns), *hints]))
        self._round_start = self._last_batch = self._clock()

    def stopping(self) -> None:
        """Ctrl-C was pressed once. A signal handler calls this, so it only sets a flag."""
        self._stopping = True

    @property
    def left(self) -> float | None:
        """Seconds to the end of the run; None before the first round has ended."""
        rounds_left = {}
        for stage, count in self._rounds.items():
            rounds_left[stage] = max(0, count - len(self._seconds[stage]))

        seconds = seconds_left(self._seconds, rounds_left)
        return None if seconds is None else max(0.0, seconds - self._elapsed)

    @property
    def _elapsed(self) -> float:
        """Seconds since the round began."""
        return self._clock() - self._round_start

    def _count(self, index: int, stage: str, seconds: float) -> None:
        # the evaluation before the first round is no round
        if index >= 0:
            self._seconds[stage].append(seconds)

    def _describe(self) -> BarState:
        finished = sum(len(seconds) for seconds in self._seconds.values())
        total = max(1, sum(self._rounds.values()))
        share = (finished + self._share_of_round()) / total
        if self._stopping:
            return BarState(
                self._place, share, "finishing this round; Ctrl-C again stops now"
            )

        details = _join([self._time_left(), self._speed(), self._gain, self._accuracy])
        return BarState(self._place, share, details)

    def _share_of_round(self) -> float:
        """How much of the round is done: by the stage's mean round, or by its training steps."""
        seconds = self._seconds.get(self._stage)
        if seconds:
            # a round that takes longer than the mean is not done before it says so
            return min(0.95, self._elapsed / max(fmean(seconds), 1e-9))
        if self._stage == "experts":
            # the evaluation after the steps is not counted: it is short
            steps = min(self._experts.eval_every, self._experts.steps - self._steps_before)
            return 0.95 * self._steps / max(1, steps)
        return 0.0

    def _time_left(self) -> str:
        left = self.left
        if left is not None:
            return f"about {duration(left)} left"

        if self._stage == "experts" and self._steps:
            # before any round has ended, the training steps alone tell how fast it goes
            seconds_per_step = (self._last_batch - self._round_start) / self._steps
            steps_left = self._experts.steps - self._steps_before - self._steps
            since_step = self._clock() - self._last_batch
            left = max(0.0, seconds_per_step * steps_left - since_step)
            return f"about {duration(left)} left for the experts"
        return f"{duration(self._elapsed)} so far"

    def _speed(self) -> str:
        if not self._purpose:
            return ""
        seconds = max(self._last_batch - self._purpose_start, 1e-9)
        speed = f"{compact(self._tokens / seconds)} tokens/s"
        # the experts' stage has one purpose, which the start of the line names
        return speed if self._purpose == self._stage else f"{self._purpose} {speed}"
