import sys

import pytest

from tests.cli.toys import docendo


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_a_missing_package_is_named_before_the_run_is_opened(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    done = docendo("serve", "nothing")
    assert done.code == 2
    assert f"{package} is missing; run: pip install 'docendo[serve]'" in done.err


def test_what_is_no_run_is_refused() -> None:
    done = docendo("serve", "nothing")
    assert (done.code, done.out) == (2, "")
    assert "nothing: no such run directory" in done.err
