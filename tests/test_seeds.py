"""A seed is a hash of the address of a draw."""

from docendo.seeds import seed_for


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert seed_for(7, "lesson", 0, 1, 2) == 4103760612690658263
    assert [seed_for(7, "lesson", 0, 1, 2) for _ in range(3)] == [4103760612690658263] * 3


def test_every_part_of_a_seed_address_and_its_type_matters() -> None:
    addresses = [
        (0,),
        (1,),
        (0, 1),
        (0, "1"),
        (0, "a", "b"),
        (0, "a/b"),
        (0, "ab"),
        (0, "b", "a"),
    ]
    assert len({seed_for(*a) for a in addresses}) == len(addresses)
    assert all(0 <= seed_for(*a) < 2**63 for a in addresses)
