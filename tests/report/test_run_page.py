"""The page: everything in it, nothing from outside, and model text that stays text."""

import json
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from docendo.errors import RunError
from docendo.formatting import visible
from docendo.report import html_page, terminal_report, write_page
from docendo.report.render.viewer import viewer_data
from docendo.report.run_page import save_page
from docendo.store import RunDirectory
from tests.report.toys import small_run

PAYLOADS = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "<!--<script>",
    "]]>&lt;b&gt;&#60;",
    "\u2028</title><style>*{}</style>",
    "\ud800<\x00b>",
    "javascript:alert(1)",
]


class Reader(HTMLParser):
    """Tags, attributes and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if (
            self.tags
            and self.tags[-1][0] in {"script", "style"}
            and self.get_starttag_text()
        ):
            self.raw.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def shape(text: str) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Reader(text).tags]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_adds_no_element_to_the_run_page(tmp_path: Path, payload: str) -> None:
    with small_run(tmp_path / "tame", "tame") as run:
        tame = html_page(run)
    with small_run(tmp_path / "hostile", payload) as run:
        hostile = html_page(run)
        expected = viewer_data(run, 1)
    tags = Reader(hostile).tags
    assert sorted(map(str, shape(hostile))) == sorted(map(str, shape(tame)))
    assert not [
        name
        for _, attributes in tags
        for name in attributes
        if name.startswith(("on", "style"))
    ]
    if "<" in payload:
        assert payload not in hostile
    data = hostile.split('<script type="application/json" id="episodes">')[1].split(
        "</script>"
    )[0]
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)[0] == expected[0]
    assert expected[0]["test"]["prompt"] == visible(payload)
    hostile.encode()


def test_the_run_page_loads_nothing_and_allows_only_its_own_script(tmp_path: Path) -> None:
    with small_run(tmp_path / "league") as run:
        text = html_page(run)
    reader = Reader(text)
    assert not [a for _, a in reader.tags if {"src", "srcset", "action", "data"} & set(a)]
    assert all((a["href"] or "").startswith("#") for _, a in reader.tags if "href" in a)
    assert "url(" not in text
    assert "@import" not in text
    policy = reader.named("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none'; ")
    style = text.split("<style>")[1].split("</style>")[0]
    script = text.split("<script>")[1].split("</script>")[0]
    for own in (style, script):
        assert b64encode(sha256(own.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    assert "innerHTML" not in script


def test_the_page_says_which_rows_it_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_run(tmp_path / "league") as run:
        assert "All 4 episodes are here." in html_page(run)
        monkeypatch.setattr("docendo.report.run_page.SHOWN", 2)
        text = html_page(run)
        assert "The newest 2 of 4 episodes are here." in text
        newest = viewer_data(run, 2)
    assert [(e["teacher"], e["gain"], e["passed"]) for e in newest] == [
        ("bob", None, False),
        ("ann", -0.25, True),
    ]


def test_an_empty_run_has_a_page_and_a_terminal_report(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        assert "No evaluation was committed yet." in html_page(run)
        console = Console(width=100, record=True, quiet=True)
        console.print(terminal_report(run))


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with small_run(tmp_path / "league") as run:
        assert write_page(run, tmp_path / "report.html").read_text().endswith("</html>\n")
        with pytest.raises(RunError, match="No such file"):
            write_page(run, tmp_path / "nowhere" / "report.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["league", "report.html"]


def test_a_page_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/report\.html: Not a directory"):
        save_page("", tmp_path / "file" / "report.html")
