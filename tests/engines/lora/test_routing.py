"""Tokens of the same agent stand together, and go back to their places."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.engines.lora.routing import Routing
from tests.engines.toys import CPU


def test_groups_of_equal_size_are_a_plain_reshape() -> None:
    routing = Routing.of([3] * 4 + [5] * 4, CPU)
    assert routing.token_F is None
    assert routing.slots == (3, 5)
    assert routing.group(torch.arange(8.0)[:, None])[:, :, 0].tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
    ]


def test_unequal_groups_are_padded_with_their_first_token() -> None:
    routing = Routing.of([4, 3, 4, 4], CPU)
    assert routing.runs == ((4, 0, 1), (3, 1, 2), (4, 2, 4))
    assert routing.group(torch.arange(4.0)[:, None])[:, :, 0].tolist() == [
        [1, 1, 1, 1],
        [0, 2, 3, 0],
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 3))
def test_ungroup_undoes_group(slots: list[int], width: int) -> None:
    x = torch.arange(float(len(slots) * width)).view(-1, width)
    routing = Routing.of(slots, CPU)
    assert len(routing.slots) == 1 or torch.equal(routing.ungroup(routing.group(x)), x)
