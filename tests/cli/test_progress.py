import io

import pytest

from docendo.cli.progress import Progress, accuracy_line, round_line, seconds_left
from docendo.config.load import Config
from docendo.formatting import DASH
from docendo.records import AgentId, Evaluation, MetricKey, Metrics
from docendo.store import RoundRecord
from tests.report.toys import answers, lesson

OWNS = {"ann": ["sums"], "bob": ["letters"]}
START = [
    *answers(0, "ann", "sums", [1, 1, 0, 0]),
    *answers(0, "bob", "letters", [1, 0, 0, 0]),
]


def test_the_time_left_is_the_mean_time_of_past_rounds_times_those_left() -> None:
    spent = {"experts": [10.0, 20.0], "teaching": [40.0]}
    assert seconds_left(spent, {"experts": 0, "teaching": 3}) == 120.0
    assert seconds_left({"experts": [10.0, 20.0]}, {"experts": 1, "teaching": 2}) == 45.0
    assert seconds_left({}, {"experts": 1}) is None
    assert seconds_left({}, {"experts": 0}) == 0.0


def test_accuracies_are_means_over_agents_and_domains() -> None:
    foreign = answers(0, "ann", "letters", [0, 0, 0, 1])
    said = accuracy_line([*START, *foreign], OWNS, each=True)
    assert said == "own 38% (ann 50%, bob 25%), others 25%"
    assert accuracy_line(START, OWNS, each=False) == "own 38%"
    assert accuracy_line(answers(0, "base", "sums", [1, 0]), OWNS, each=True) == "base 50%"
    assert accuracy_line([], OWNS, each=True) == ""


def test_a_round_is_shown_in_one_line() -> None:
    episodes = [lesson(3, "ann", "bob", [1, 1]), lesson(3, "ann", "bob", [])]
    record = RoundRecord(
        3,
        "teaching",
        34.2,
        episodes,
        START,
        Metrics(3, {"gate/passed": 0.5, "gain": 0.081}),
    )
    line = round_line(record, "teaching 3/10", OWNS)
    assert (
        line
        == "teaching 3/10  34 s  passed the gate 50%  gain +0.08  own 38% (ann 50%, bob 25%)"
    )
    quiet = RoundRecord(
        3, "teaching", 3.21, episodes[1:], (), Metrics(3, {"gate/passed": 0.0})
    )
    assert (
        round_line(quiet, "teaching 3/10", OWNS)
        == f"teaching 3/10  3.2 s  passed the gate 0%  gain {DASH}"
    )
    faulty = RoundRecord(
        3,
        "teaching",
        3.21,
        metrics=Metrics(
            3,
            {
                "nonfinite_steps": 2.0,
                MetricKey("nonfinite_steps/policy", AgentId("ann")): 2.0,
                MetricKey("nonfinite_answers", AgentId("bob")): 0.0,
            },
        ),
    )
    assert (
        round_line(faulty, "teaching 3/10", OWNS)
        == "teaching 3/10  3.2 s  skipped policy steps of ann 2"
    )


def watched(times: list[float]) -> Progress:
    """Two rounds of teaching of four, with one examination."""
    progress = Progress(Config(), 1, clock=lambda: times[0])
    with progress:
        progress.stage("experts", 1, 1)
        progress.ended(RoundRecord(0, "experts", 10.0, (), START))
        progress.stage("teaching", 1, 4)
        times[0] = 2.0
        progress.work("lesson", 100)
        progress.ended(
            RoundRecord(
                1,
                "teaching",
                20.0,
                [lesson(1, "ann", "bob", [1])],
                (),
                Metrics(1, {"gain": 0.5}),
            )
        )
        progress.stage("teaching", 2, 4)
        times[0] = 7.0
        progress.work("attempt", 100)
        progress.stopping()
        assert progress.left == 3 * 20.0 - 5.0
    return progress


def test_without_a_terminal_each_round_prints_one_plain_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watched([0.0])
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split("  ")[0] for line in err.splitlines()] == [
        "round 0, experts 1/1",
        "round 1, teaching 1/4",
    ]
    assert "\x1b" not in err


def test_a_round_with_many_cut_answers_says_what_to_raise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = RoundRecord(3, "teaching", 1.0, metrics=Metrics(3, {"cut/attempt": 0.5}))
    with Progress(Config(), 1) as progress:
        progress.stage("teaching", 2, 4)
        progress.ended(record)
        progress.ended(record, is_rehearsal=True)
    with_hint, without = capsys.readouterr().err.splitlines()
    assert with_hint.startswith("round 3, teaching 2/4  ")
    assert with_hint.endswith("attempt cut off 50% (raise teaching.max_tokens)")
    assert "cut off" not in without


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_current_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)
    watched([0.0])
    shown = terminal.getvalue()
    assert "teaching 2/4" in shown
    assert "finishing this round; Ctrl-C again stops now" in shown


def test_the_finetuning_bar_shows_the_time_left_before_a_round_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)
    times = [0.0]
    progress = Progress(Config(), 2, clock=lambda: times[0])
    progress.stage("experts", 1, 2)
    for step in range(4):
        times[0] = 3.0 * (step + 1)
        progress.work("experts", 100)
    with progress:
        pass
    # 28 steps in two rounds, 4 of which took 12 seconds; no round of teaching is known yet
    assert "about 1 min 12 s left for the experts" in terminal.getvalue()
    assert "for the experts  33 tokens/s" in terminal.getvalue()


def test_control_characters_in_domain_names_are_not_printed() -> None:
    row = answers(0, "ann", "sums", [1])[0]
    odd = Evaluation(0, row.agent, row.problem, "\x1b[2J[bold]", row.verdict)
    assert "\x1b" not in accuracy_line([odd], OWNS, each=True)
