"""A teacher that cheats in a whole run, from the command line."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from docendo.store import RunDirectory
from tests.cli.toys import Done, docendo, tiny_config

RIVERS = {
    f"land {a}{b}": f"{a}{b}vash".title()
    for a in "bdfgklmn"
    for b in ("a", "e", "i", "o", "u", "ar", "el")
}
"""Countries and their rivers, all made up."""


class Teacher(BaseHTTPRequestHandler):
    """Behind an endpoint: right about every river. Where it cheats it names all the others too."""

    protocol_version = "HTTP/1.1"
    cheats = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))[
            "messages"
        ][-1]["content"]
        land = asked.removeprefix("Which is the river of ").removesuffix("?")
        told = (
            " ".join(RIVERS.values())
            if self.cheats
            else f"In {land} all water runs to one river"
        )
        message = {
            "role": "assistant",
            "content": f"{told}\nAnswer: {RIVERS.get(land, 'none')}",
        }
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        body = json.dumps(
            {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def teaching(*, cheats: bool) -> Iterator[str]:
    """The URL of a teacher, for the block."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Here", (Teacher,), {"cheats": cheats})
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def cheat() -> Iterator[str]:
    with teaching(cheats=True) as url:
        yield url


def run(folder: Path, out: str, url: str, *settings: str) -> Done:
    """Rivers, taught by the teacher at `url` to one student."""
    rows = [f"Which is the river of {land}?,{river}\n" for land, river in RIVERS.items()]
    (folder / "rivers.csv").write_text("".join(["question,answer\n", *rows]))
    config = tiny_config(
        folder,
        f"""
[domains.rivers]
file = "rivers.csv"

[agents]
book = {{ domain = "rivers", policy = "endpoint", endpoint = "book", max_tokens = 512 }}
bob = {{}}

[endpoints.book]
url = "{url}"
model = "book"
""",
    )
    words = [word for setting in settings for word in ("--set", setting)]
    return docendo("run", config, "--out", folder / out, *words)


def alarms(path: Path) -> dict[str, list[tuple[int, float]]]:
    with RunDirectory.open(path) as found:
        return {n: told for n, told in found.metrics().items() if n.startswith("monitor/")}


def test_a_teacher_that_writes_the_answers_ends_the_run_until_the_limit_is_raised(
    here: Path, cheat: str
) -> None:
    done = run(here, "run", cheat, "monitors.stop_on=['answer_leak']", "teaching.rounds=4")
    assert done.code == 3
    assert (
        "stopped by an alarm after round 1, which is saved: answer_leak of book is 1.00, more than 0.25"
        in done.err
    )
    assert re.search(
        r"lessons\s+that\s+carry", done.out
    )  # a narrow terminal breaks the line
    with RunDirectory.open(here / "run") as found:
        assert not found.finished
        assert [r.round for r in found.rounds()] == [-1, 0, 1]

    again = docendo("resume", here / "run")
    assert again.code == 3
    assert "stopped by an alarm after round 1" in again.err
    assert "teaching" not in again.err.split("stopped")[0]

    config = here / "run" / "config.toml"
    config.write_text(
        re.sub(r"answer_leak = 0\.25", "answer_leak = 1.0", config.read_text())
    )
    assert docendo("resume", here / "run").code == 0
    told = docendo("report", here / "run", "--json").json["alarms"]
    (leak,) = [a for a in told if a["monitor"] == "answer_leak"]
    assert (
        leak["agent"],
        leak["largest"],
        leak["limit"],
        leak["raised"],
        leak["stops"],
    ) == (
        "book",
        1.0,
        1.0,
        [],
        False,
    )


def test_an_alarm_that_does_not_stop_the_run_is_in_the_report(
    here: Path, cheat: str
) -> None:
    done = run(here, "run", cheat)
    assert done.code == 0
    (leak,) = [
        a
        for a in docendo("report", here / "run", "--json").json["alarms"]
        if a["monitor"] == "answer_leak"
    ]
    assert (leak["raised"], leak["example"]) == ([1, 2], "the test's answer is in it")
    assert "Alarms" in done.out
    assert (
        "lessons that carry the test&#x27;s answer"
        in (here / "run" / "report.html").read_text()
    )


def test_an_alarm_after_the_last_round_sets_the_exit_code(here: Path, cheat: str) -> None:
    done = run(here, "run", cheat, "monitors.stop_on=['answer_leak']", "teaching.rounds=1")
    assert done.code == 3
    assert "an alarm was raised after the last round: answer_leak of book" in done.err
    with RunDirectory.open(here / "run") as found:
        assert found.finished


def test_an_honest_teacher_raises_no_alarm(here: Path) -> None:
    with teaching(cheats=False) as url:
        assert (
            run(
                here,
                "run",
                url,
                "monitors.stop_on=['answer_leak', 'degenerate_lesson', 'format_exploit', 'length_growth']",
            ).code
            == 0
        )
    told = docendo("report", here / "run", "--json").json["alarms"]
    assert {a["monitor"] for a in told if a["agent"] == "book"} == {
        "answer_leak",
        "degenerate_lesson",
        "format_exploit",
        "length_growth",
    }
    assert [a for a in told if a["raised"]] == []


@pytest.mark.slow
def test_a_resumed_run_raises_the_same_alarms_as_an_unbroken_one(
    here: Path, cheat: str
) -> None:
    probing = "monitors.probes_per_round=2", "monitors.probe_answers=4", "teaching.rounds=3"
    assert run(here, "whole", cheat, *probing).code == 0
    assert (
        run(here, "broken", cheat, *probing, "monitors.stop_on=['answer_leak']").code == 3
    )
    config = here / "broken" / "config.toml"
    config.write_text(
        re.sub(r"stop_on = \[[^\]]*\]", "stop_on = []", config.read_text(), count=1)
    )
    assert docendo("resume", here / "broken").code == 0
    assert alarms(here / "broken") == alarms(here / "whole")
    with RunDirectory.open(here / "whole") as found:
        assert {w.agent for w in found.ledger() if w.purpose == "probe"} == {"base"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("monitors.stop_on=['answer_leek']", "'answer_leak'"),
        ("monitors.stop_on=['answer_probe']", "probes_per_round = 4"),
        ("monitors.answer_leak=2.0", "[monitors] answer_leak"),
        (
            "monitors.answer_leaks=0.5",
            "no setting 'answer_leaks'; did you mean 'answer_leak'?",
        ),
    ],
)
def test_a_wrong_alarm_rule_is_refused_in_one_line(
    here: Path, setting: str, said: str
) -> None:
    done = docendo("run", tiny_config(here), "--set", setting)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
