"""Agents behind an endpoint in a real run; what is wrong in their settings is told in one line."""

from pathlib import Path

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.endpoints import check_keys, open_endpoint, with_endpoints
from docendo.build.school import build_school
from docendo.config.load import Config, load_config
from docendo.engines.wrappers.router import Router
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.labels.distillation import Distillation
from docendo.records import BASE, AgentId, Completion, Message, Request, Usage
from docendo.store import RunDirectory
from tests.cli.toys import docendo, tiny_config
from tests.engines.servers import Unreliable, serving
from tests.engines.toys import open_toy

KEY = "sk-4f9a1c-never-to-be-seen"


def toml(url: str, endpoint: str = "", agent: str = "") -> str:
    return f"""
[domains.mathematics]
families = {{ sums = [1] }}

[agents]
emmy = {{ domain = "mathematics" }}
ada = {{}}
sage = {{ policy = "endpoint", endpoint = "hub", domain = "mathematics"{agent} }}

[endpoints.hub]
url = "{url}"
model = "large"
{endpoint}
"""


def loaded(folder: Path, text: str) -> Config:
    (folder / "c.toml").write_text(text)
    return load_config(folder / "c.toml")


@pytest.mark.parametrize(
    ("endpoint", "agent", "said"),
    [
        (
            "",
            ', tools = ["calculator"]',
            "tools belong to agents with policy = 'model'",
        ),
        (
            "",
            ', grammar = { regex = "a" }',
            "grammar belong to agents with policy = 'model'",
        ),
        ("timeot = 3", "", "no setting 'timeot'; did you mean 'timeout'?"),
        ("key = 'sk-abc-123'", "", "wanted the NAME of a variable"),
        ("key = 'sk_abc_123'", "", "wanted the NAME of a variable"),
        (
            "headers = { authorization = 'Bearer sk-abc-123' }",
            "",
            "wanted authorization = '$NAME'",
        ),
        ("headers = { x-api-key = 'sk-abc-123' }", "", "wanted x-api-key = '$NAME'"),
        ("headers = { x-org = '$lower' }", "", "wanted x-org = '$NAME'"),
        ("headers = { Host = 'a' }", "", "lower-case names"),
        ("headers = { host = 'a' }", "", "docendo does not set"),
        ('headers = { x-org = "a\\nb: c" }', "", "printable ASCII"),
        ("retries = -1", "", "retries"),
        ("timeout = 0.0", "", "timeout"),
    ],
)
def test_wrong_endpoint_settings_are_refused_in_one_line_without_the_key(
    tmp_path: Path, endpoint: str, agent: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_catalog(loaded(tmp_path, toml("https://api.example/v1", endpoint, agent)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "sk-abc" not in str(caught.value)
    assert "sk_abc" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1",
        "https://me:sk-abc@api.example/v1",
        "https://api.example/v1?key=sk-abc",
        "https:///v1",
        "ftp://api.example",
        "http://[::1",
        "https://api.example:99999999/v1",
        "",
    ],
)
def test_an_endpoint_address_is_https_or_this_machine_and_holds_no_key(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(UserError, match="url: ") as caught:
        loaded(tmp_path, toml(url))
    assert "sk-abc" not in str(caught.value)


def test_plain_http_to_another_machine_needs_the_insecure_setting(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, toml("http://hub.lan:8000/v1", "insecure = true"))
        .endpoints["hub"]
        .insecure
    )
    assert not loaded(tmp_path, toml("http://127.0.0.1:8000/v1")).endpoints["hub"].insecure


def test_an_unknown_endpoint_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    text = toml("https://api.example/v1")
    with pytest.raises(UserError, match="no endpoint 'hup'; did you mean 'hub'"):
        read_catalog(loaded(tmp_path, text.replace('endpoint = "hub"', 'endpoint = "hup"')))
    with pytest.raises(
        UserError, match="endpoint = 'hub' needs policy = 'endpoint', got 'model'"
    ):
        read_catalog(
            loaded(tmp_path, text.replace("ada = {}", 'ada = { endpoint = "hub" }'))
        )


def test_agents_are_routed_to_their_endpoint_and_others_to_the_local_engine(
    tmp_path: Path,
) -> None:
    with serving() as server:
        engine = with_endpoints(
            Scripted(lambda r: f"local {r.agent}"), loaded(tmp_path, toml(server.url))
        )
        asked = [
            Request(AgentId(a), (Message("user", "a b"),), 0)
            for a in ("sage", "emmy", "endpoint:hub", "base")
        ]
        assert [c.text for c in engine.sample(asked)] == [
            "b a",
            "local emmy",
            "b a",
            "local base",
        ]
        booked = {w.agent: w.tokens for w in engine.pop_usage()}
        assert booked == {"base": 2, "emmy": 2, "endpoint:hub": 7, "sage": 7}
        assert isinstance(engine, Router)
        assert engine.pop_metrics() == {"endpoint/hub/answered": 2.0}
        alone = open_endpoint(loaded(tmp_path, toml(server.url)).endpoints["hub"])
        assert alone.sample(asked[:1]) == [Completion("b a")]


def test_without_endpoints_the_engine_is_not_wrapped() -> None:
    engine = Scripted(lambda _: "")
    assert with_endpoints(engine, Config()) is engine


def run(folder: Path, server: Unreliable, *more: str) -> RunDirectory:
    config = tiny_config(
        folder,
        toml(server.url, 'key = "HUB_KEY"\nprice_in = 1.0\nprice_out = 2.0\nretries = 0'),
    )
    done = docendo("run", config, "--out", folder / "run", *more)
    assert done.code == 0, done.err
    assert KEY not in done.out + done.err
    return RunDirectory.open(folder / "run")


def test_a_teacher_behind_an_endpoint_teaches_in_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_KEY", KEY)
    with (
        serving("ok", "ok", "500", "repeat", "ok") as server,
        run(tmp_path, server) as made,
    ):
        taught = {e.match.teacher for e in made.episodes()}
        examined = {(e.round, e.agent) for e in made.evaluations()}
        ledger = {(w.agent, w.purpose): w for w in made.ledger()}
        metrics = made.metrics()
        assert made.finished
        assert all(a.headers["authorization"] == f"Bearer {KEY}" for a in server.asked)
        count = len(server.asked)
        asked = docendo("eval", tmp_path / "run", "--agent", "sage", "--n", "1", "--json")
    assert asked.code == 0, asked.err
    assert asked.json["accuracy"]["sage"]["mathematics"]["n"] == 1
    assert asked.json["others"] is None
    last = max(r for r, _ in examined)
    assert {(-1, BASE), (-1, "sage"), (last, "sage"), (last, "emmy")} <= examined
    assert "sage" in taught
    assert ledger["sage", "lesson"].cost == pytest.approx(
        ledger["sage", "lesson"].tokens / 7 * (5 + 2 * 2) / 1e6
    )
    assert sum(value for _, value in metrics["endpoint/hub/failed"]) == 1
    assert sum(value for _, value in metrics["endpoint/hub/answered"]) == count - 1
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    shown = docendo("report", tmp_path / "run")
    assert shown.code == 0, shown.err
    assert docendo("report", tmp_path / "run", "--json").code == 0


def test_a_missing_api_key_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_KEY", raising=False)
    config = tiny_config(tmp_path, toml("https://api.example/v1", 'key = "HUB_KEY"'))
    done = docendo("run", config, "--out", tmp_path / "run")
    assert done.code == 2
    assert (
        done.err
        == "docendo: [endpoints.hub] key: the environment has no HUB_KEY; export HUB_KEY=...\n"
    )
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match=r"headers\.x-org"):
        check_keys(
            loaded(
                tmp_path, toml("https://api.example/v1", "headers = { x-org = '$HUB_KEY' }")
            )
        )


@pytest.mark.parametrize(
    ("mode", "said"), [("echo 401", "refuses the key (401)"), ("404", "no such model")]
)
def test_a_wrong_api_key_ends_the_run_before_its_first_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, said: str
) -> None:
    monkeypatch.setenv("HUB_KEY", KEY)
    with serving(mode) as server:
        config = tiny_config(tmp_path, toml(server.url, 'key = "HUB_KEY"'))
        done = docendo("run", config, "--out", tmp_path / "run")
    assert done.code == 1
    assert said in done.err
    assert KEY not in done.err
    assert "Traceback" not in done.err


def test_a_run_ended_by_a_wrong_api_key_can_be_resumed_with_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_KEY", KEY)
    with serving("401", "ok") as server:
        config = tiny_config(tmp_path, toml(server.url, 'key = "HUB_KEY"'))
        assert docendo("run", config, "--out", tmp_path / "run").code == 1
        monkeypatch.delenv("HUB_KEY")
        assert "has no HUB_KEY" in docendo("resume", tmp_path / "run").err
        monkeypatch.setenv("HUB_KEY", KEY)
        done = docendo("resume", tmp_path / "run")
    assert done.code == 0, done.err
    with RunDirectory.open(tmp_path / "run") as made:
        assert made.finished


@pytest.mark.parametrize("setting", ["", "labels = true"])
def test_guests_label_where_their_endpoint_may(tmp_path: Path, setting: str) -> None:
    text = toml("https://api.example/v1", setting)
    text += '[learning]\nlabels = "expert_distillation"\n'
    config = loaded(tmp_path, text)
    backend = open_toy()
    for agent in config.learner_ids:
        backend.add(agent, 0)
    built = build_school(config, read_catalog(config), backend)
    assert isinstance(built.labels, Distillation)
    assert list(built.labels.endpoints) == (["sage"] if setting else [])
    for labeller in built.labels.endpoints.values():
        usage = Usage(AgentId("sage"), "label", 7, 0.0)
        labeller.endpoint.usage.append(usage)
        assert built.classroom.engine.pop_usage() == [usage], "it is charged"
