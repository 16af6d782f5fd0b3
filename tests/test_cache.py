"""Where docendo keeps what it converts and compiles once."""

from pathlib import Path

import pytest

from docendo.cache import cache_folder


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"DOCENDO_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/docendo"),
        ({"HOME": "/home/ann"}, "/home/ann/.cache/docendo"),
        ({"DOCENDO_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/docendo"),
    ],
)
def test_the_cache_folder_follows_the_environment(
    variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCENDO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)
