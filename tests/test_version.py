import re

from docendo.version import find_commit


def test_the_commit_is_that_of_the_repository_or_unknown() -> None:
    assert re.fullmatch(r"([0-9a-f]{40})?", find_commit())
