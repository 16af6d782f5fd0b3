"""Which tokens stand in a block, and which of them a query sees."""

import torch

from docendo.engines.model.blocks import Heads, build_block, window_masks

HEADS = Heads(query=2, key=2, size=8, scale=8**-0.5)
LIKE = torch.zeros(0)


def test_neighbours_of_one_length_are_read_by_a_slice_and_others_by_places() -> None:
    assert build_block([(0, 3), (3, 6)], None, HEADS, LIKE).token_F == slice(0, 6)
    apart = build_block([(0, 3), (6, 9)], None, HEADS, LIKE)
    assert apart.token_F.tolist() == [0, 1, 2, 6, 7, 8]
    assert apart.valid_F is None
    ragged = build_block([(0, 3), (3, 4)], None, HEADS, LIKE)
    assert ragged.token_F.tolist() == [0, 1, 2, 3, 3, 3]
    assert ragged.valid_F.tolist() == [True, True, True, True, False, False]


def test_a_window_hides_what_is_older_in_the_sequence_and_in_its_prompt() -> None:
    block = build_block([(3, 6)], (0, 3), HEADS, LIKE)
    own_1Nn, prompt_1Np = window_masks(block, 2)
    assert (own_1Nn[0] == 0).tolist() == [
        [True, False, False],
        [True, True, False],
        [False, True, True],
    ]
    assert prompt_1Np is not None
    assert (prompt_1Np[0] == 0).tolist() == [[False, False, True], [False] * 3, [False] * 3]


def test_a_window_as_long_as_the_text_is_none() -> None:
    block = build_block([(3, 6)], (0, 3), HEADS, LIKE)
    assert window_masks(block, 6) == (block.mask, None)
    assert window_masks(block, 5).prompt_1Np is not None


def test_a_layer_without_a_window_sees_everything() -> None:
    assert HEADS.window(0) is None
    assert HEADS._replace(windows=(None, 3)).window(1) == 3
