import pytest

from docendo.league.lineage import Lineage
from tests.toys import ANN


@pytest.mark.parametrize(
    ("how", "is_copy"),
    [
        ("founder", False),
        ("reference", True),
        ("snapshot", True),
        ("mutated", False),
        ("crossed", False),
    ],
)
def test_references_and_snapshots_are_copies_and_replaced_agents_learn_on(
    how, is_copy
) -> None:
    assert Lineage(3, ANN, how, ()).is_copy is is_copy
