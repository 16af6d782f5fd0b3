"""Rows of training: completions of one prompt stand behind it."""

from docendo.engines.local.train_rows import TrainRow, micro_batches, pack
from tests.engines.toys import (
    ANN,
    BOB,
    CAT,
    mixture,
    target,
)


def test_targets_of_one_agent_and_prompt_share_a_row() -> None:
    rows = pack(mixture(), {ANN: 1, BOB: 2, CAT: 3}, 1000)
    assert [(r.slot, len(r.targets)) for r in rows] == [(1, 3), (3, 1), (1, 2), (2, 2)]
    assert rows[0].length == 11 + 4 + 29 + 4
    tight = pack(mixture(), {ANN: 1, BOB: 2, CAT: 3}, 30)
    assert [len(r.targets) for r in tight] == [1, 1, 1, 2, 1, 1, 1]


def test_a_target_without_tokens_is_left_out() -> None:
    assert pack([target(ANN, "why", "")], {ANN: 1}, 1000) == []


def test_micro_batches_keep_to_their_size_and_their_agents_together() -> None:
    rows = [
        TrainRow(slot, (1,) * size, (target(ANN, "", "x"),))
        for slot in (2, 1)
        for size in (9, 5, 9, 50)
    ]
    batches = list(micro_batches(rows, 40))
    assert sorted(r for b in batches for r in b) == sorted(rows)
    assert all(len(b) == 1 or sum(r.length for r in b) <= 40 for b in batches)
    assert all([r.slot for r in b] == sorted(r.slot for r in b) for b in batches)
