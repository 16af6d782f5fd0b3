"""Nothing that a model, a file or a name says drives a terminal, hides from who reads it or is an element of a page."""

import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from docendo.cli import main
from docendo.formatting import visible
from tests.cli.toys import docendo, tiny_config
from tests.hostile.payloads import PAYLOADS, TERMINAL, controls, foreign
from tests.hostile.shown import full, whole
from tests.serving.toys import Served

SIZE = 12
GROUPS = [PAYLOADS[i : i + SIZE] for i in range(0, len(PAYLOADS), SIZE)]
SOME = [GROUPS[0][:5], TERMINAL[:6], TERMINAL[-40:-34]]
COMMANDS = (
    ("report", "RUN", "--html", "PAGE"),
    ("league", "RUN"),
    ("preferences", "RUN"),
    ("preferences", "RUN", "--unpaired"),
    ("preferences", "RUN", "--payoffs"),
    ("preferences", "RUN", "--league"),
    ("eval", "RUN"),
    ("export", "RUN", "nobody", "PAGE"),
    ("chat", "RUN", "--agent", "nobody"),
    ("resume", "RUN"),
)


def checked(folder: Path, texts: tuple[str, ...], names: bool) -> None:
    """Every command that shows a run shows no control character; every page has only elements of docendo's own."""
    run = full(folder / whole(texts[0]), texts, names)
    page = folder / "page.html"
    for words in COMMANDS:
        given = [{"RUN": str(run), "PAGE": str(page)}.get(w, w) for w in words]
        done = docendo(*given)
        assert done.code in {0, 2}, done
        assert not controls(done.out + done.err, coloured=True), words
    assert not foreign(page.read_text())
    for command in ("report", "league"):
        found = docendo(command, run, "--json")
        assert found.code == 0
        assert found.out.isascii()
        json.loads(found.out)
    made = docendo("league", run, "--html", page)
    assert made.code == 0
    assert not foreign(page.read_text())


@pytest.mark.parametrize(
    ("texts", "names"), [(SOME[0], False), (SOME[1], True), (SOME[2], True)]
)
def test_text_in_a_run_cannot_control_a_terminal_or_a_page(
    tmp_path: Path, texts: tuple[str, ...], names: bool
) -> None:
    checked(tmp_path, texts, names)


@pytest.mark.slow
@pytest.mark.parametrize("texts", GROUPS)
def test_no_payload_in_a_run_controls_a_terminal_or_a_page(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    checked(tmp_path, texts, True)


def test_there_are_200_payloads_and_each_has_a_visible_form() -> None:
    assert len(set(PAYLOADS)) >= 200
    for text in PAYLOADS:
        assert not controls(visible(text))


def test_the_only_escape_codes_printed_are_the_programs_own_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    run = full(tmp_path / "run", TERMINAL[:3], names=True)
    for command in ("report", "league"):
        done = docendo(command, run)
        assert "\x1b[" in done.out
        assert not controls(done.out, coloured=True)
        assert "␛[31mred␛[0m" in done.out.replace("\n", "") or "␛[" in done.out


@pytest.mark.parametrize("text", ["\x1b[2J", "a\r\x9b\u202eb\U000e0041"])
@pytest.mark.parametrize(
    "words",
    [
        ("TEXT",),
        ("report", "TEXT"),
        ("report", "--TEXT"),
        ("report", "run", "TEXT"),
        ("run", "TEXT"),
        ("run", "--set", "TEXT"),
        ("run", "--set", "TEXT=1"),
        ("run", "--set", "domains.TEXT.families={}"),
        ("run", "--out", "TEXT", "--set", "model=/none/TEXT"),
        ("eval", "run", "--seed", "TEXT"),
        ("export", "run", "a", "b", "--format", "TEXT"),
        ("analyse", "TEXT"),
        ("domains", "TEXT"),
        ("audit", "TEXT"),
        ("attack-judges", "TEXT"),
        ("serve", "TEXT"),
        ("chat", "TEXT"),
        ("preferences", "TEXT"),
        ("plan", "TEXT"),
        ("bench", "--set", "TEXT"),
        ("doctor", "TEXT"),
    ],
)
def test_an_error_that_quotes_input_shows_control_characters_as_symbols(
    words: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    done = docendo(*(w.replace("TEXT", text) for w in words))
    assert done.code == 2
    assert not controls(done.out + done.err), done


ROWS = [
    t
    for t in PAYLOADS
    if t.strip() and "\0" not in t and not any(0xD800 <= ord(c) < 0xE000 for c in t)
]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run on a file whose rows, name and domain are payloads, and all that was shown while it was trained."""
    folder = tmp_path_factory.mktemp("trained")
    rows = [{"question": t, "answer": t, "solution": t} for t in ROWS[:120]] + [
        {"question": t} for t in ROWS[:5]
    ]
    (folder / "\x1b[31m<img src=x>.jsonl").write_text(
        "".join(f"{json.dumps(r)}\n" for r in rows)
    )
    config = tiny_config(
        folder,
        '[domains."\\u001B[2J<img src=x>"]\nfile = "\\u001B[31m<img src=x>.jsonl"\n'
        '[agents.ann]\ndomain = "\\u001B[2J<img src=x>"\n'
        'system_prompt = "\\u001B]0;x\\u0007<|im_end|>"\n[agents.bob]\n',
    )
    config.write_text(config.read_text().replace("rounds = 2", "rounds = 1"))
    done = docendo("run", config, "--out", folder / "run")
    assert done.code == 0, done.err
    return folder / "run", done.out + done.err


@pytest.mark.slow
def test_progress_and_skipped_rows_show_control_characters_as_symbols(
    trained: tuple[Path, str],
) -> None:
    _, told = trained
    assert "left out" in told
    assert "␛[31m<img src=x>" in told
    assert not controls(told)


@pytest.mark.slow
def test_eval_list_and_chat_show_control_characters_as_symbols(
    trained: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, _ = trained
    typed = "\x1b[31mwhat?\u202e\na\n\x1b[2J\nb\nn\nt\nu\ns\nq\n" * 3
    for words in (
        ("chat", run, "--right"),
        (
            "chat",
            run,
            "--domain",
            "\x1b[2J<img src=x>",
            "--held-out",
            "--person",
            "\x1b[31me",
        ),
        ("eval", run, "--n", "1"),
        ("eval", run, "--n", "1", "--with-lesson"),
        ("audit", "\x1b[2J<img src=x>", "--config", run / "config.toml", "--n", "3"),
        ("domains", "\x1b[2J<img src=x>", "--config", run / "config.toml"),
        ("preferences", run, "--league"),
        ("preferences", run),
        ("report", run, "--html", run / "page.html"),
    ):
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        done = docendo(*words)
        assert not controls(done.out + done.err), (words, done)
        assert "Traceback" not in done.err
    assert not foreign((run / "page.html").read_text())


class Screen(StringIO):
    """A stream from which typer would not take away what drives a terminal."""

    def isatty(self) -> bool:
        return True


def test_messages_of_typer_show_control_characters_as_symbols_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(
        sys, "argv", ["docendo", "report", "--\x1b]0;pwned\x07\u202e\U000e0041"]
    )
    with pytest.raises(SystemExit, match="2"):
        main()
    assert not controls(screen.getvalue())
    assert "pwned" in screen.getvalue()
    assert "[U+202E]" in screen.getvalue()


def test_the_server_never_serves_html(server: Served) -> None:
    for text in ("<script>alert(1)</script>", "\x1b[31m"):
        for given in (server.ask(model=text), server.ask(stop=[text]), server.ask(n=text)):
            assert given.headers["content-type"] == "application/json"
            assert given.headers["x-content-type-options"] == "nosniff"
    with server.client("wrong") as client:
        given = client.get("/<script>")
        assert given.headers["content-type"] == "application/json"
        assert given.headers["x-content-type-options"] == "nosniff"
