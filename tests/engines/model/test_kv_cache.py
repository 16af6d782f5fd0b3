"""Keys and values while answers grow: shapes by hand, attention against that of whole sequences."""

import pytest
import torch
from torch import Tensor

from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import Heads
from docendo.engines.model.kv_cache import (
    CacheShape,
    DecodePlan,
    KVCache,
    PrefillPlan,
    RowGroups,
    aligned_width,
)

HEADS = Heads(query=4, key=2, size=8, scale=8**-0.5)
LIKE = torch.zeros(0)
CPU = torch.device("cpu")


def cache(prompts: int = 2, rows: int = 3) -> KVCache:
    """One layer with 32 columns on both sides, numbered by prompt and by row."""
    made = KVCache.allocate(1, HEADS, (prompts, 32), (rows, 32), LIKE)
    for (tensor,) in (made.prompts, made.answers):
        tensor += torch.arange(1.0, tensor.shape[1] + 1)[:, None, None, None]
    return made


def numbers(side: list[Tensor]) -> list[float]:
    """The first number of every prompt or row."""
    return side[0][0, :, 0, 0, 0].tolist()


@pytest.mark.parametrize(("tokens", "width"), [(0, 0), (1, 32), (32, 32), (33, 64)])
def test_widths_are_multiples_of_32(tokens: int, width: int) -> None:
    assert aligned_width(tokens) == width


def test_a_resized_cache_has_its_prompts_and_rows_in_the_new_order() -> None:
    resized = cache()
    resized.resize(CacheShape([1], 2, 64), CacheShape([2, 0], 3, 32))
    assert resized.prompts[0].shape == (2, 2, 2, 64, 8)
    assert numbers(resized.prompts) == [2.0, 0.0]
    assert numbers(resized.answers) == [3.0, 1.0, 0.0]
    assert not resized.prompts[0][:, :, :, 32:].any(), "new room is zero"


def test_answers_get_more_room_and_prompts_do_not() -> None:
    wider = cache()
    wider.widen(64)
    assert wider.answers[0].shape == (2, 3, 2, 64, 8)
    assert wider.prompts[0].shape == (2, 2, 2, 32, 8)
    assert not wider.answers[0][:, :, :, 32:].any()


def test_new_places_are_zero_and_dropped_ones_leave() -> None:
    cleared = cache()
    cleared.zero([0], [])
    cleared.zero([], [1, 2])
    assert numbers(cleared.prompts) == [0.0, 2.0]
    assert numbers(cleared.answers) == [1.0, 0.0, 0.0]
    cleared.select([1], [2, 0])
    assert numbers(cleared.prompts) == [2.0]
    assert numbers(cleared.answers) == [0.0, 1.0]


def test_rows_are_grouped_by_prompt_and_come_back_in_order() -> None:
    """Rows 0 and 3 have prompt 1, row 1 prompt 0; row 0 fills the empty places."""
    groups = RowGroups.of([1, 0, 2, 1], 3, 1, CPU)
    assert groups.row_of_place.tolist() == [1, 0, 0, 3, 2, 0]
    assert groups.place_of_row.tolist() == [2, 0, 4, 3]
    rows = torch.arange(4 * 2 * 2 * 5.0).view(4, 2, 2, 5)
    grouped = groups.group(rows)
    assert grouped.shape == (3 * 2, 2 * 2, 5)
    assert torch.equal(groups.ungroup(grouped, 2, 2), rows)


def test_a_row_for_each_prompt_in_order_needs_no_places() -> None:
    groups = RowGroups.of([0, 1], 2, 1, CPU)
    assert groups.row_of_place is None
    rows = torch.randn(2, 2, 2, 5)
    assert torch.equal(groups.ungroup(groups.group(rows), 2, 2), rows)
    assert RowGroups.of([0, 1], 2, 4, CPU).row_of_place.shape == (8,), "at least four each"


def test_a_row_sees_its_prompt_and_its_own_tokens_by_hand() -> None:
    """Queries of 0 weigh all that is seen alike: (1 + 3 + 5) / 3, then (1 + 3 + 5 + 7) / 4."""
    heads = Heads(1, 1, 1, 1.0)
    small = KVCache.allocate(1, heads, (1, 32), (1, 32), LIKE)
    small.prompts[0][1, 0, 0, :2, 0] = torch.tensor([1.0, 3.0])
    plan = DecodePlan(small, heads, [0], [2])
    seen = []
    for column, value in enumerate([5.0, 7.0]):
        plan.set_columns(torch.tensor([column]))
        seen.append(float(plan(0, torch.tensor([[[0.0], [0.0], [value]]]))))
    assert seen == pytest.approx([3.0, 4.0])


def test_a_row_sees_no_more_than_its_window_by_hand() -> None:
    """A prompt of 1 and 3, an answer of 5, 7 and 9: (1+3+5)/3, (3+5+7)/3, (5+7+9)/3."""
    heads = Heads(1, 1, 1, 1.0, windows=(3,))
    small = KVCache.allocate(1, heads, (1, 32), (1, 32), LIKE)
    small.prompts[0][1, 0, 0, :2, 0] = torch.tensor([1.0, 3.0])
    plan = DecodePlan(small, heads, [0], [2])
    seen = []
    for column, value in enumerate([5.0, 7.0, 9.0]):
        plan.set_columns(torch.tensor([column]))
        seen.append(float(plan(0, torch.tensor([[[0.0], [0.0], [value]]]))))
    assert seen == pytest.approx([3.0, 5.0, 7.0])


@pytest.mark.parametrize("window", [None, 2, 4, 6])
def test_prefill_and_decoding_attend_as_a_whole_sequence_does(window: int | None) -> None:
    heads = HEADS._replace(windows=(window,))
    generator = torch.Generator().manual_seed(0)
    lengths, prompt_B = (5, 3), (0, 0, 1)
    prompts = [torch.randn(n, 8, 8, generator=generator) for n in lengths]
    answers_B3 = torch.randn(3, 3, 8, 8, generator=generator)

    filled = KVCache.allocate(1, HEADS, (2, 32), (3, 32), LIKE)
    prefill = PrefillPlan.of(filled, heads, [(0, 5), (5, 8)], [0, 1])
    prefill(0, torch.cat(prompts))
    plan = DecodePlan(filled, heads, prompt_B, lengths)
    steps = []
    for column in range(3):
        plan.set_columns(torch.full((3,), column))
        steps.append(plan(0, answers_B3[:, column]))

    for row, prompt in enumerate(prompt_B):
        whole = torch.cat([prompts[prompt], answers_B3[row]])
        expected = TreeAttention.single(len(whole), heads, LIKE)(0, whole)[-3:]
        torch.testing.assert_close(torch.stack([step[row] for step in steps]), expected)
