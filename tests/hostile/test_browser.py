"""Every page in a real browser: no payload runs, nothing is asked for, the console is silent.

The browser is CHROME of the environment, or one of the usual names on the path.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from docendo.report import html_page
from docendo.store import RunDirectory
from docendo.study.regimes import split_by_regime
from docendo.study.result_files import load_study, write_result
from docendo.study.results import Cost, CurvePoint, LessonGain, TrainingTrace
from docendo.study.study_page import write_report
from tests.cli.toys import docendo
from tests.hostile.payloads import HTML, MARKED, PAYLOADS
from tests.hostile.shown import full
from tests.study.toys import about, result

_NAMES = ("chromium", "google-chrome", "chromium-browser", "chrome")
BROWSER = os.environ.get("CHROME") or next(filter(None, map(shutil.which, _NAMES)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None,
        reason=f"no browser: set CHROME, or have one of {', '.join(_NAMES)}",
    ),
]


class Shown(NamedTuple):
    title: str
    dom: str
    console: list[str]


def browse(page: Path, profile: Path) -> Shown:
    """What has become of a page two seconds after it was opened, as the page's own clock counts them."""
    words = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --enable-logging=stderr"
    own = [
        "--virtual-time-budget=2000",
        f"--user-data-dir={profile}",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(
        [str(BROWSER), *words.split(), *own], capture_output=True, check=True, timeout=120
    )
    dom = done.stdout.decode("utf-8", "replace")
    told = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    console = [
        line
        for line in done.stderr.decode("utf-8", "replace").splitlines()
        if "CONSOLE" in line
    ]
    return Shown(told[1] if told else "", dom, console)


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """The port of a server on this machine, and what it was asked for."""
    asked = list[str]()

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


def pages(folder: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A run's page that shows all payloads at once, one with payloads for names, the league's, and a study's."""
    from docendo.report import run_page as page

    real = page.asset
    shown = "const PER_PAGE = 10;"
    monkeypatch.setattr(
        page, "asset", lambda name: real(name).replace(shown, "const PER_PAGE = 1000;")
    )
    assert shown in real("viewer.js")
    texts = [t.replace("PORT", str(port)) for t in PAYLOADS]
    names = [t.replace("PORT", str(port)) for t in HTML[::12]]
    made = [study_of(names, folder / "study")]
    for name, some, named in (
        ("all", texts[:120], False),
        ("rest", texts[120:], False),
        ("names", names, True),
    ):
        run = full(folder / name, some, named)
        made.append(folder / f"{name}.html")
        with RunDirectory.open(run) as read:
            made[-1].write_bytes(html_page(read).encode())
        if named:
            made.append(folder / "league.html")
            assert docendo("league", run, "--html", made[-1]).code == 0
    return made


def study_of(names: list[str], folder: Path) -> Path:
    """The page of a study whose agents, domains, model and settings are payloads."""
    domains = {name.replace("/", "|"): ("family",) for name in names}
    agents, keys = tuple(names), {f"{domain}/family": "01" for domain in domains}
    for arm in ("teaching", "joint-rl"):
        told = about(
            agents,
            model=names[0],
            domains=domains,
            expert_domains={},
            settings={n: n for n in names},
        )
        gains = [
            LessonGain(flops=1, teacher=t, student=names[0], gain=0.5, lessons=1)
            for t in names
        ]
        curve = [
            CurvePoint(flops=0, accuracy={a: dict.fromkeys(domains, 0.5) for a in agents})
        ]
        given = {"setup": told, "trace": TrainingTrace(lesson_gains=gains), "curve": curve}
        cost = Cost(budget=1, spent=1, ledger=dict.fromkeys(names, 1.0))
        write_result(
            folder, result(arm, test=dict.fromkeys(agents, keys), cost=cost, **given)
        )
    study = load_study(folder)
    return write_report(study, split_by_regime(study), folder / "report.html")


def test_no_payload_runs_or_adds_elements_on_any_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (port, asked):
        for page in pages(tmp_path, port, monkeypatch):
            seen = browse(page, tmp_path / "profile")
            assert "docendo" in seen.title, page
            assert seen.title != MARKED, page
            assert seen.console == [], page
            assert asked == [], page
            if page.name not in {"league.html", "report.html"}:
                assert seen.dom.count("<article>") >= len(HTML[::12])
            assert "Content-Security-Policy" in seen.dom


@pytest.mark.parametrize("start", ["<script>", "<img src=x onerror=", "<svg onload="])
def test_the_same_payloads_run_on_an_unprotected_page(tmp_path: Path, start: str) -> None:
    """What this file looks for can be seen."""
    with listening() as (port, asked):
        payload = next(t for t in HTML if t.startswith(start)).replace("PORT", str(port))
        page = tmp_path / "open.html"
        page.write_text(
            f"<title>docendo</title><p>{payload}<script>console.error('heard')</script>"
        )
        seen = browse(page, tmp_path / "profile")
    assert seen.title == MARKED
    assert "/script" in asked
    assert any("heard" in line for line in seen.console)
