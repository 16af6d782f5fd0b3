"""`docendo chat` and `docendo preferences`, typed line by line."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from docendo.build.catalog import read_catalog
from docendo.cli.dialog import indent_quote
from docendo.config.load import Config
from docendo.datasets.split import split_of
from docendo.humans.votes import VoteStore
from docendo.seeds import seed_for
from tests.cli.toys import docendo, typed


def test_a_person_asks_a_question_and_chooses_the_better_answer(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(
        monkeypatch,
        "why?",
        "x",
        "A",
        "",
        "and then?",
        "u",
        "n",
        "t",
        "what?",
        "s",
        "last?",
        "q",
    )
    done = docendo("chat", str(run), "--person", "me")
    assert done.code == 0
    assert "'x' is none of them" in done.out
    assert done.out.count("A was ") == 3
    assert "taken back; once more" in done.out
    assert done.out.endswith("2 votes kept\n")
    with VoteStore(run) as people:
        said = [(o.person, o.prompt, o.choice) for o in people.read_opinions()]
        assert said == [("me", "why?", "both bad"), ("me", "and then?", "tie")]
        assert people._connection.execute(
            "SELECT DISTINCT round FROM opinions"
        ).fetchall() == [(0,)]


def test_votes_are_kept_where_the_input_ends_or_is_interrupted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking(io.StringIO):
        def readline(self, *_: object) -> str:
            line = super().readline()
            if line == "BREAK\n":
                raise KeyboardInterrupt
            return line

    for lines, code in (
        ("one?\nb\ntwo?", 0),
        ("one?\nb\nBREAK\n", 130),
        ("one?\nb\ntwo?\nBREAK\n", 130),
    ):
        with VoteStore(run) as people:
            before = len(people.read_opinions())
        monkeypatch.setattr("sys.stdin", Breaking(lines))
        assert docendo("chat", str(run), "--person", "me").code == code
        with VoteStore(run) as people:
            assert len(people.read_opinions()) == before + 1


@pytest.mark.parametrize("held_out", [(), ("--held-out",)])
def test_questions_come_from_a_domain_and_the_right_answer_is_shown_afterwards(
    run: Path, monkeypatch: pytest.MonkeyPatch, held_out: tuple[str, ...]
) -> None:
    typed(monkeypatch, "t", "t", "q")
    done = docendo(
        "chat", str(run), "--domain", "mathematics", *held_out, "--person", "drawn"
    )
    assert done.code == 0
    assert done.out.count("The right answer is") == 2
    with VoteStore(run) as people:
        prompts = [o.prompt for o in people.read_opinions() if o.person == "drawn"][-2:]
    source, stream = (
        read_catalog(Config()).sources["mathematics"],
        "held-out" if held_out else "train",
    )
    wanted = [
        source.draw(f, 1, 1, seed_for(0, "drawn", i), stream)[0]  # type: ignore[arg-type]
        for i, f in enumerate(("sums", "fractions"))
    ]
    assert prompts == [p.prompt for p in wanted]
    assert {split_of(p) for p in wanted} == {stream}


@pytest.mark.parametrize(
    ("text", "length"),
    [("\x1b[2J7\n\nB\n9", 4), ("7" + " " * 29 + "B wins", 2), (" \n", 1)],
)
def test_an_answer_cannot_imitate_a_line_of_the_program(text: str, length: int) -> None:
    console = Console(file=io.StringIO(), width=30, markup=False)
    console.print(indent_quote(text))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == length
    assert all(line.startswith("  ") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_agent_names_are_hidden_until_the_person_has_chosen(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "who?", "q")
    done = docendo("chat", str(run), "--agent", "emmy", "--agent", "ada")
    assert "emmy" not in done.out.split("leaves.")[1]
    assert "ada" not in done.out.split("leaves.")[1]


def test_chat_refuses_wrong_use_in_one_line(run: Path, tmp_path: Path) -> None:
    assert "has no agent 'emy'" in docendo("chat", str(run), "--agent", "emy").err
    assert docendo("chat", str(run), "--agent", "emmy").code == 2
    assert docendo("preferences", str(tmp_path)).code == 2
    fresh = docendo("chat", str(tmp_path / "none"))
    assert fresh.code == 2
    assert "no such run directory" in fresh.err
