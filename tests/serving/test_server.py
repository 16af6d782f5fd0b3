import os
import stat
from pathlib import Path

import pytest

from docendo.errors import RunError, UserError
from docendo.serving.server import TOKEN_VARIABLE, find_token, open_socket

SECRET = "twenty-two-characters!"  # noqa: S105


def test_a_missing_token_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token, source = find_token(file)
    assert source == str(file)
    assert len(token) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert find_token(file) == (token, str(file))


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_token_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(0o640)
    with pytest.raises(UserError, match="chmod 600"):
        find_token(file)


@pytest.mark.parametrize("token", ["short", "", f"{SECRET} {SECRET}", f"{SECRET}é"])
def test_a_token_that_is_short_or_unprintable_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    with pytest.raises(UserError, match="16 or more printable") as raised:
        find_token(None)
    assert not token or token not in str(raised.value)


def test_the_environment_is_asked_before_a_new_token_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, f" {SECRET}\n")
    assert find_token(None) == (SECRET, TOKEN_VARIABLE)
    monkeypatch.delenv(TOKEN_VARIABLE)
    first, second = find_token(None), find_token(None)
    assert first[1] == second[1] == ""
    assert first[0] != second[0]


def test_a_taken_port_is_reported_with_the_option_that_changes_it() -> None:
    with open_socket("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(RunError, match=rf"port {port}: .*choose another --port"):
            open_socket("127.0.0.1", port)
