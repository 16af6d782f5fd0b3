"""A run from beginning to end: its rounds are committed in order, and trackers are told."""

import json
from pathlib import Path
from typing import Any

import pytest

import docendo
from docendo.build.parts import Parts
from docendo.config.load import Config, changed
from docendo.errors import RunError
from docendo.records import Episode, Payoff
from docendo.store import RunDirectory


class Diary:
    """A tracker that looks into the run's folder whenever it is told something."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self.folder: Path | None = None

    def start(self, folder: Path | None, config: dict[str, Any], last_round: int) -> None:
        self.folder = folder
        self.lines.append(("start", config["model"], last_round))

    def log(self, round_index: int, stage: str, metrics: dict[str, float]) -> None:
        committed = 0
        if self.folder:
            with RunDirectory.open(self.folder) as run:
                committed = len(run.rounds())
        self.lines.append((round_index, stage, committed))

    def finish(self) -> None:
        self.lines.append(("finish",))


def test_trackers_hear_of_each_round_once_it_is_committed(
    league: Config, tmp_path: Path
) -> None:
    diary = Diary()
    parts = Parts(trackers=[diary])
    with docendo.open_run(league, folder=tmp_path / "run", parts=parts) as run:
        list(run.rounds())
    assert diary.lines == [
        ("start", "tiny", -2),
        (-1, "experts", 1),
        (0, "experts", 2),
        (1, "experts", 3),
        (2, "teaching", 4),
        (3, "teaching", 5),
        ("finish",),
    ]


def test_trackers_are_finished_where_the_consumer_leaves_early_or_a_round_fails(
    league: Config,
) -> None:
    diary = Diary()
    with docendo.open_run(league, parts=Parts(trackers=[diary])) as run:
        rounds = run.rounds()
        next(rounds)
        rounds.close()
    assert diary.lines[-1] == ("finish",)

    def fail(episode: Episode) -> Payoff:
        raise RunError("no reward")

    diary = Diary()
    parts = Parts(trackers=[diary], reward=fail)
    with (
        docendo.open_run(league, parts=parts) as run,
        pytest.raises(RunError, match="no reward"),
    ):
        list(run.rounds())
    assert diary.lines[-1] == ("finish",)


def test_a_tracker_that_does_not_start_leaves_none_unfinished(league: Config) -> None:
    class Down(Diary):
        def start(self, *arguments: Any) -> None:
            raise RunError("no connection")

    diary = Diary()
    down = Down()
    with (
        docendo.open_run(league, parts=Parts(trackers=[diary, down])) as run,
        pytest.raises(RunError, match="no connection"),
    ):
        next(run.rounds())
    assert diary.lines[-1] == ("finish",)
    assert down.lines == []


def test_a_resumed_run_logs_the_rounds_that_a_kill_has_cost_a_tracker(
    league: Config, tmp_path: Path
) -> None:
    config = changed(league, ['trackers=["jsonl"]'])
    with docendo.open_run(config, folder=tmp_path / "run") as run:
        rounds = run.rounds()
        for _ in range(3):
            next(rounds)
        rounds.close()
    log = tmp_path / "run" / "metrics.jsonl"
    before = [json.loads(line) for line in log.read_text().splitlines()]
    log.write_text(f"{json.dumps(before[0])}\n")

    with docendo.resume_run(tmp_path / "run") as run:
        list(run.rounds())
    after = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["round"] for line in after] == [-1, 0, 1, 2, 3]
    assert after[:3] == before


def test_a_finished_run_holds_all_rounds_and_says_that_it_is_finished(
    finished: Path,
) -> None:
    with RunDirectory.open(finished) as run:
        assert [(row.round, row.stage) for row in run.rounds()] == [
            (-1, "experts"),
            (0, "experts"),
            (1, "experts"),
            (2, "teaching"),
            (3, "teaching"),
        ]
        assert run.finished
        assert {e.round for e in run.episodes()} == {2, 3}
        checkpoint = run.latest_checkpoint()
    assert checkpoint is not None
    assert checkpoint.round == 3


def test_the_population_is_compared_as_a_system_once_and_charged(
    league: Config, finished: Path, tmp_path: Path
) -> None:
    asked = changed(league, ["evaluation.system=true"])
    with docendo.open_run(asked, folder=tmp_path / "run") as run:
        list(run.rounds())
    with RunDirectory.open(tmp_path / "run") as run, RunDirectory.open(finished) as plain:
        ways = {way["name"]: way for way in run.noted("system")}
        assert {way["accuracy"][3] for way in ways.values()} == {4}
        assert ways["lesson"]["flops"] >= ways["vote"]["flops"]
        metrics = run.metrics()
        assert {len(metrics[f"system/{name}"]) for name in ways} == {1}
        assert plain.noted("system") is None

        spent = [
            sum(usage.tokens for usage in each.ledger() if usage.purpose == "evaluation")
            for each in (run, plain)
        ]
        assert spent[0] > spent[1]
        learned = [
            [usage for usage in each.ledger() if usage.purpose != "evaluation"]
            for each in (run, plain)
        ]
        assert learned[0] == learned[1]


def test_the_first_stage_ends_early_once_the_target_accuracy_is_reached(
    league: Config,
) -> None:
    easy = changed(league, ["experts.steps=9", "experts.target_accuracy=0.0"])
    with docendo.open_run(easy) as run:
        rounds = [(record.index, record.stage) for record in run.rounds()]
        assert run.session.stopped_at == 0
        assert run.session.expert_rounds == 1
    assert rounds == [(-1, "experts"), (0, "experts"), (1, "teaching"), (2, "teaching")]


def test_a_resumed_session_continues_as_if_it_had_not_been_interrupted(
    league: Config, finished: Path, tmp_path: Path
) -> None:
    with docendo.open_run(league, folder=tmp_path / "run") as run:
        for record in run.rounds():
            if record.index == 2:
                break
    with docendo.resume_run(tmp_path / "run") as resumed:
        assert resumed.session.last_round == 2
        assert [record.index for record in resumed.rounds()] == [3]
    with (
        RunDirectory.open(tmp_path / "run") as broken,
        RunDirectory.open(finished) as unbroken,
    ):
        assert list(broken.episodes(round=3)) == list(unbroken.episodes(round=3))
        assert broken.ledger() == unbroken.ledger()


def test_better_lessons_are_charged_stored_and_resumed_exactly(
    league: Config, tmp_path: Path
) -> None:
    settings = (
        "experts.steps=0",
        "teaching.lesson_source=dataset",
        "teaching.candidates=3",
        "teaching.reward=dense_gain",
        "teaching.examples=2",
        "teaching.example_choice=diverse",
        "teaching.correction=true",
        "teaching.growing_hints=true",
        "teaching.show_record=true",
        "evaluation.forgetting_problems=0",
    )
    better = changed(league, settings)
    with docendo.open_run(better, folder=tmp_path / "unbroken") as run:
        list(run.rounds())
    with docendo.open_run(better, folder=tmp_path / "broken") as run:
        for record in run.rounds():
            if record.index == 0:
                break
    with docendo.resume_run(tmp_path / "broken") as resumed:
        list(resumed.rounds())

    with (
        RunDirectory.open(tmp_path / "broken") as broken,
        RunDirectory.open(tmp_path / "unbroken") as unbroken,
    ):
        episodes = list(unbroken.episodes())
        assert list(broken.episodes()) == episodes
        assert broken.ledger() == unbroken.ledger()
        spent = {usage.purpose: usage.flops for usage in unbroken.ledger()}
        saved = {s.key.name: s.points for s in unbroken.metric_series()}["choosing/saved"]

    # worked solutions pass the gate: of three lessons two are shown
    assert sum(e.is_dropped for e in episodes) == len(episodes) / 3
    assert all(e.trial and e.lesson.tries for e in episodes)
    assert all(e.hints for e in episodes if e.attempts)
    assert all(spent[purpose] > 0 for purpose in ("try", "dense_gain", "hint"))
    assert len(saved) == 2


def test_answers_that_are_too_short_for_the_solutions_are_warned_about(
    league: Config,
) -> None:
    with docendo.open_run(changed(league, ["teaching.max_tokens=2"])) as run:
        warnings = run.session.truncation_warnings
    assert [warning.partition(":")[0] for warning in warnings] == [
        "[domains.letters]",
        "[domains.digits]",
    ]
    with docendo.open_run(changed(league, ["teaching.max_tokens=400"])) as run:
        assert run.session.truncation_warnings == []
