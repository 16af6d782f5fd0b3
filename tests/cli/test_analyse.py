import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.toys import Done, docendo, hashes

ROOT = Path(__file__).parents[2]
RPS = ",rock,paper,scissors\nrock,0,-1,1\npaper,1,0,-1\nscissors,-1,1,0\n"
RATES = ",ann,bob,cat\nann,0.5,0.7,0.9\nbob,0.3,0.5,0.8\ncat,0.1,0.2,0.5\n"


def analysed(here: Path, text: str, *words: object) -> Done:
    (here / "league.csv").write_text(text)
    done = docendo("analyse", "league.csv", *words)
    assert done.code == 0, done.err
    return done


def refused(here: Path, text: str, *words: object) -> str:
    (here / "league.csv").write_text(text)
    before = hashes(here)
    done = docendo("analyse", "league.csv", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert hashes(here) == before
    return done.err


def test_analyse_json_has_the_stable_keys_and_prints_nothing_else(here: Path) -> None:
    (here / "league.csv").write_text(RPS)
    words = [sys.executable, "-m", "docendo", "analyse", "league.csv", "--json"]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    found = json.loads(done.stdout)
    assert done.stderr == ""
    assert set(found) == {
        *(
            "names",
            "payoff",
            "low",
            "high",
            "gaps",
            "ratings",
            "nash",
            "nash_average",
            "alpha_rank",
            "cyclic_share",
            "cyclic_noise",
            "best",
        ),
        *(
            "transitive",
            "cyclic",
            "disc",
            "clusters",
            "spinning_top",
            "diversity",
            "collaboration",
            "strongest",
        ),
    }
    assert found["nash"] == {
        name: pytest.approx(1 / 3) for name in ("rock", "paper", "scissors")
    }
    assert set(found["ratings"][0]) == {"name", "rating", "low", "high", "openskill"}
    assert list(here.iterdir()) == [here / "league.csv"]


def test_win_rates_and_the_matching_payoffs_give_the_same_analysis(here: Path) -> None:
    payoffs = ",ann,bob,cat\nann,0,0.4,0.8\nbob,-0.4,0,0.6\ncat,-0.8,-0.6,0\n"
    rates, plain = (
        analysed(here, RATES, "--win-rates", "--json").json,
        analysed(here, payoffs, "--json").json,
    )
    assert [r["rating"] for r in rates["ratings"]] == pytest.approx(
        [r["rating"] for r in plain["ratings"]]
    )
    assert rates["cyclic_share"] == pytest.approx(plain["cyclic_share"])


def test_more_games_narrow_the_intervals_of_ratings_and_payoffs(
    here: Path,
) -> None:
    few = analysed(here, RATES, "--win-rates", "--json").json
    many = analysed(here, RATES, "--win-rates", "--games", 100, "--json").json
    width = [[r["high"] - r["low"] for r in found["ratings"]] for found in (few, many)]
    assert width[1] == pytest.approx([w / 10 for w in width[0]])
    assert (few["low"], few["high"]) == (None, None)
    # Wilson's interval of 70 in 100 is 0.604 to 0.781
    assert many["low"][0][1] == pytest.approx(2 * 0.604 - 1, abs=1e-3)
    assert many["high"][0][1] == pytest.approx(2 * 0.781 - 1, abs=1e-3)
    assert many["low"][0][0] == many["high"][0][0] == 0


def test_the_terminal_lists_the_best_agent_first(here: Path) -> None:
    out = analysed(here, RATES, "--win-rates").out
    sentence, *rest = out.splitlines()
    assert sentence.startswith("ann has the best rating, but its interval overlaps")
    lines = [line.split()[0] for line in rest if line.startswith(("ann", "bob", "cat"))]
    assert lines[:3] == ["ann", "bob", "cat"]
    assert "Cyclic share" in out
    assert "Each pair counts as one game" in out
    large = analysed(here, ",a,b\na,0,12\nb,-12,0\n").out
    assert "Payoffs divided by 12 are read as wins minus losses." in large


def test_a_table_of_many_agents_fits_the_terminal(here: Path) -> None:
    names = [f"a{i}" for i in range(30)]
    rows = [
        f"{name},{','.join(str(j - i) for j in range(30))}" for i, name in enumerate(names)
    ]
    out = analysed(here, "\n".join([f",{','.join(names)}", *rows]) + "\n").out
    assert "and 10 more clusters: --json has them" in out
    assert "Payoff of the row" not in out


def test_the_analysis_page_is_written_to_the_given_path(here: Path) -> None:
    done = analysed(here, RPS, "--html", "page.html")
    assert done.out.endswith("page.html\n")
    assert (here / "page.html").read_text().endswith("</html>\n")
    assert analysed(here, RPS, "--html", "page.html", "--json").json["names"]


def test_an_asymmetric_table_suggests_symmetrise_and_symmetrise_works(here: Path) -> None:
    uneven = ",a,b\na,0,1\nb,-0.5,0\n"
    assert "add up to 0.5; expected 0, off by 0.5 (--symmetrise" in refused(here, uneven)
    assert analysed(here, uneven, "--symmetrise", "--json").json["payoff"] == [
        [0, 0.75],
        [-0.75, 0],
    ]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", (), "league.csv has no table"),
        (",a\na,0\n", (), "league.csv has 1 agent; expected at least two"),
        (",a,b\na,0,\nb,0,0\n", (), "row 'a', column 'b': the cell is empty"),
        (
            ",a,b\na,0,1\nb,-1,0\n",
            ("--win-rates",),
            "row 'b', column 'a': -1 is outside [0, 1]",
        ),
        (RPS, ("--html", "no/page.html"), "no such folder"),
        (RPS, ("--html", "."), "is a folder"),
    ],
)
def test_analyse_refuses_wrong_input_in_one_line(
    here: Path, text: str, words: tuple[str, ...], said: str
) -> None:
    assert said in refused(here, text, *words)


def test_agent_names_cannot_control_the_terminal(here: Path) -> None:
    hostile = RPS.replace("rock", "\x1b[2Jro[bold]ck")
    out = analysed(here, hostile).out
    assert "\x1b[2J" not in out
    assert "␛[2Jro[bold]ck" in out
    assert "\x1b" not in refused(here, hostile.replace("1", "x"))
