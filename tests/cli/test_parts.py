"""The parts command lists what a config can name."""

from docendo.registry import PARTS
from tests.cli.toys import docendo


def test_every_registered_part_is_listed_with_what_it_is() -> None:
    listed = docendo("parts", "--json").json
    assert {(part["kind"], part["name"]) for part in listed} == {
        (kind, name) for kind in PARTS for name in PARTS[kind]
    }
    assert all(part["summary"] for part in listed)


def test_one_kind_of_parts_is_listed_as_a_table() -> None:
    out = docendo("parts", "loss").out
    assert "ppo_clip" in out
    assert "leave_one_out" not in out


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    done = docendo("parts", "los")
    assert done.code == 2
    assert "no kind of part 'los'; did you mean 'loss'?" in done.err
