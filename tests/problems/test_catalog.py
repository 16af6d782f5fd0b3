from docendo.problems.catalog import Catalog
from docendo.records import TaskType


def test_task_types_are_the_taught_levels_by_domain_in_order() -> None:
    catalog = Catalog({}, {"sums": (("small", 2), ("small", 1)), "plums": ()})
    assert catalog.task_types == {
        "sums": (TaskType("sums", "small", 2), TaskType("sums", "small", 1)),
        "plums": (),
    }
