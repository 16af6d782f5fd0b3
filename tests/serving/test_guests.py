"""One population teaches another over HTTP."""

from pathlib import Path

import pytest

from docendo.store import RunDirectory
from tests.cli.toys import docendo, tiny_config
from tests.serving.toys import TOKEN, Served

GUEST = """
[domains.mathematics]
families = {{ sums = [1] }}

[agents]
bo = {{}}
ada = {{}}
sage = {{ policy = "endpoint", endpoint = "first", domain = "mathematics" }}

[endpoints.first]
url = "{url}/v1"
model = "{model}"
key = "DOCENDO_TOKEN"
price_out = 1.0
"""


def test_an_agent_of_one_run_teaches_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Served
) -> None:
    monkeypatch.setenv("DOCENDO_TOKEN", TOKEN)
    config = tiny_config(tmp_path, GUEST.format(url=server.url, model="ann"))
    done = docendo("run", config, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    with RunDirectory.open(tmp_path / "run") as run:
        assert {e.match.teacher for e in run.episodes()} == {"sage"}
        assert any(e.lesson.examples[0].completion.text for e in run.episodes())
        assert sum(value for _, value in run.metrics()["endpoint/first/answered"]) > 0
        assert "endpoint/first/failed" not in run.metrics()
        assert sum(w.cost for w in run.ledger()) > 0


def test_a_wrong_token_and_an_unknown_agent_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Served
) -> None:
    monkeypatch.setenv("DOCENDO_TOKEN", TOKEN)
    config = tiny_config(tmp_path, GUEST.format(url=server.url, model="anne"))
    done = docendo("run", config, "--out", tmp_path / "one")
    assert done.code == 1
    assert "no agent 'anne'; did you mean 'ann'?" in done.err
    monkeypatch.setenv("DOCENDO_TOKEN", "another-token-than-that")
    done = docendo("run", config, "--out", tmp_path / "two")
    assert done.code == 1
    assert "refuses the key (401): a token is missing" in done.err
