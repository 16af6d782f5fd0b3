import json

import numpy as np
import pytest

from docendo.league.decayed_counts import DecayedCounts, never_observed


def read(table: DecayedCounts, row: str, column: str, clock: int = 0) -> list[float]:
    """Evidence, total, squares and staleness."""
    (values,) = table.read([row], [column], 0.5, clock).T.tolist()
    return values


def test_several_values_of_one_cell_add_up() -> None:
    table = DecayedCounts({}, {})
    table.add([("ann", "bob", 1.0), ("ann", "bob", 0.5), ("ann", "cat", 2.0)], 0.5, 0)
    assert read(table, "ann", "bob") == [2.0, 1.5, 1.25, 0.0]
    assert read(table, "ann", "cat") == [1.0, 2.0, 4.0, 0.0]


def test_every_round_halves_what_was_seen_at_a_decay_of_one_half() -> None:
    table = DecayedCounts({}, {})
    table.add([("ann", "bob", 1.0)], 0.5, clock=0)
    assert read(table, "ann", "bob", clock=3) == [1 / 8, 1 / 8, 1 / 8, 3.0]
    table.add([("ann", "bob", 0.0)], 0.5, clock=2)
    assert read(table, "ann", "bob", clock=2) == [1.25, 0.25, 0.25, 0.0]
    assert read(table, "ann", "bob", clock=3) == [0.625, 0.125, 0.125, 1.0]


def test_a_cell_that_was_never_observed_is_as_stale_as_the_league_is_old() -> None:
    table = DecayedCounts({}, {})
    assert read(table, "ann", "bob", clock=6) == [0.0, 0.0, 0.0, 7.0]
    table.add([("ann", "bob", 1.0)], 0.5, clock=6)
    assert read(table, "bob", "ann", clock=6) == [0.0, 0.0, 0.0, 7.0]
    assert never_observed(2, 6).T.tolist() == [[0.0, 0.0, 0.0, 7.0]] * 2


def test_one_name_stands_for_all_rows_or_columns() -> None:
    table = DecayedCounts({}, {})
    table.add([("ann", "bob", 1.0), ("ann", "cat", 3.0)], 0.5, 0)
    assert table.read(["ann"], ["bob", "cat", "dan"], 0.5, 0)[1].tolist() == [1.0, 3.0, 0.0]


def test_a_copy_knows_what_the_original_knew_and_goes_its_own_way() -> None:
    agents = {}
    table = DecayedCounts(agents, agents)
    table.add([("ann", "bob", 1.0), ("cat", "ann", 2.0)], 0.5, 0)
    table.copy("ann", "ann@0")
    assert read(table, "ann@0", "bob")[:2] == [1.0, 1.0]
    assert read(table, "cat", "ann@0")[:2] == [1.0, 2.0]
    table.add([("ann", "bob", 1.0)], 0.5, 0)
    assert read(table, "ann@0", "bob")[0] == 1.0


def test_a_cleared_agent_is_unknown_in_its_row_and_in_its_column() -> None:
    agents = {}
    table = DecayedCounts(agents, agents)
    table.add([("ann", "bob", 1.0), ("bob", "ann", 1.0), ("bob", "cat", 1.0)], 0.5, 0)
    table.clear("ann")
    assert read(table, "ann", "bob")[0] == 0.0
    assert read(table, "bob", "ann")[0] == 0.0
    assert read(table, "bob", "cat")[0] == 1.0
    table.clear("nobody")


def test_the_place_of_an_agent_that_left_is_taken_by_the_next_new_one() -> None:
    agents = {}
    table = DecayedCounts(agents, agents)
    table.add([("ann", "bob", 1.0), ("cat", "bob", 1.0)], 0.5, 0)
    table.clear("ann")
    del agents["ann"]
    table.add([("dan", "bob", 1.0)], 0.5, 0)
    assert agents == {"bob": 1, "cat": 2, "dan": 0}
    assert read(table, "dan", "bob")[0] == 1.0


def test_a_table_comes_back_from_json_and_grows_by_half() -> None:
    agents, task_types = {}, {}
    table = DecayedCounts(agents, task_types)
    names = [f"agent {i}" for i in range(9)]
    table.add([(name, "sums", i / 8) for i, name in enumerate(names)], 0.5, 4)
    assert table.when.shape == (9, 8)
    table.add([("one more", "sums", 1.0)], 0.5, 4)
    assert table.when.shape == (13, 8)

    restored = DecayedCounts(agents, task_types)
    restored.set_cells(json.loads(json.dumps(table.cells())))
    assert restored.cells() == table.cells()
    rows = [*names, "one more"]
    for clock in (4, 7):
        assert np.array_equal(
            restored.read(rows, ["sums"], 0.5, clock),
            table.read(rows, ["sums"], 0.5, clock),
        )


def test_cells_are_listed_by_places_with_their_round() -> None:
    table = DecayedCounts({}, {})
    table.add([("ann", "sums", 0.5)], 0.5, 2)
    assert table.cells() == [["ann", "sums", 2, 1.0, 0.5, pytest.approx(0.25)]]
