"""The foreseen size of a database, against databases that are written."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from docendo.cli.disk_usage import database_size
from docendo.config.load import Config
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import (
    AgentId,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Metrics,
    Rollout,
    Verdict,
)
from docendo.store import RoundRecord, RunDirectory
from tests.cli.test_estimate import WRITTEN, config
from tests.store.toys import weights


def size_of(settings: Config, moves: int = 0, evaluations: int = 0) -> int:
    """With as many matches as the settings have."""
    matches = settings.teaching.rounds * settings.teaching.matches
    return database_size(
        settings, WRITTEN, matches=matches, moves=moves, evaluations=evaluations
    )


def test_the_planned_database_size_is_bounded_by_the_answer_length() -> None:
    # the solutions have 24 tokens
    whole = size_of(config(rounds=60, max_tokens=24))
    assert size_of(config(rounds=60, max_tokens=200)) == whole
    assert size_of(config(rounds=60, max_tokens=6)) < 0.75 * whole


def test_every_move_and_every_evaluation_takes_room() -> None:
    plain = size_of(config())
    assert size_of(config(), moves=1000) - plain == pytest.approx(165_000, abs=1)
    answer = (size_of(config(), evaluations=1000) - plain) / 1000
    assert 50 < answer < 250, "ten tokens with their text"


def test_the_planned_database_size_is_within_20_percent_of_the_real_one(
    tmp_path: Path,
) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        for record in sixty_rounds():
            run.commit(record, weights())
    real = (tmp_path / "run" / "run.db").stat().st_size
    foreseen = size_of(config(rounds=60, matches=6), evaluations=6 * 4)
    assert foreseen == pytest.approx(real, rel=0.2)


def sixty_rounds() -> Iterator[RoundRecord]:
    """Of six matches, three of five lessons through the gate, an examination in every tenth, notes that grow."""
    right, notes = Verdict(1.0, "equal"), list[dict[str, object]]()
    tried = tuple(Rollout(completion, right) for _, completion in WRITTEN)
    match = Match(AgentId("ann"), AgentId("bob"), "mathematics", "sums", 1)
    for index in range(60):
        here = MATHEMATICS.draw("sums", 1, 20, index, "train")
        lessons = [Lesson((here[i],), (tried[i],)) for i in range(12)]
        shown = [tried[4:8] if i % 5 < 3 else () for i in range(12)]
        episodes = [
            Episode(index, match, here[12 + i // 2], lessons[i], tried[:2], shown[i], 0.5)
            for i in range(12)
        ]
        judged = [
            Evaluation(index, AgentId("bob"), p, p.worked, right)
            for p in here[:4]
            if index % 10 == 0
        ]
        notes += [{"problem": asdict(p), "text": p.worked} for p in here[:5]]
        metrics = Metrics(index, {f"measure/{i}": 0.1 * i for i in range(24)})
        yield RoundRecord(
            index,
            "teaching",
            1.0,
            episodes,
            judged,
            metrics,
            state={"notebook": list(notes)},
        )
