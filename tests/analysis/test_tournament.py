from pathlib import Path

import numpy as np
import pytest

from docendo.analysis.tournament import read_tournament
from docendo.errors import UserError

RPS = ",rock,paper,scissors\nrock,0,-1,1\npaper,1,0,-1\nscissors,-1,1,0\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "league.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_and_payoffs_are_read(tmp_path: Path) -> None:
    found = read_tournament(written(tmp_path, RPS))
    assert found.names == ("rock", "paper", "scissors")
    assert found.payoff.tolist() == [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + RPS,
        RPS.replace(",", ";"),
        RPS.replace(",", "\t"),
        RPS.replace("\n", "\r\n"),
        RPS.replace("\n", "\n\n"),
        RPS.replace("rock,0", "rock, "),
        'agent,"rock",paper, scissors\nrock,0,-1,1\n paper ,1,0,-1\nscissors,-1.0,1e0,\n',
        ",scissors,rock,paper\nrock,1,0,-1\npaper,-1,1,0\nscissors,0,-1,1\n",
    ],
    ids=[
        "mark",
        "semicolons",
        "tabs",
        "crlf",
        "blank lines",
        "empty diagonal",
        "quotes and spaces",
        "other order",
    ],
)
def test_tables_are_read_in_the_variants_that_spreadsheets_write(
    tmp_path: Path, text: str
) -> None:
    assert read_tournament(written(tmp_path, text)).payoff.tolist() == [
        [0, -1, 1],
        [1, 0, -1],
        [-1, 1, 0],
    ]


def test_agent_names_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    found = read_tournament(
        written(tmp_path, ',"a,b","c\n""d"""\n"a,b",0,1\n"c\n""d""",-1,0\n')
    )
    assert found.names == ("a,b", 'c\n"d"')
    assert read_tournament(
        written(tmp_path, ",a\u2028b,c\x0bd\na\u2028b,0,1\nc\x0bd,-1,0\n")
    ).names == (
        "a\u2028b",
        "c\x0bd",
    )


def test_win_rates_become_payoffs_and_their_diagonal_does_not_matter(
    tmp_path: Path,
) -> None:
    found = read_tournament(written(tmp_path, ",a,b\na,1,0.75\nb,0.25,\n"), win_rates=True)
    assert found.payoff.tolist() == [[0, 0.5], [-0.5, 0]]


def test_symmetrise_takes_half_the_difference_of_both_directions(tmp_path: Path) -> None:
    path = written(tmp_path, ",a,b\na,0.2,1\nb,0.5,0\n")
    assert read_tournament(path, symmetrise=True).payoff.tolist() == [[0, 0.25], [-0.25, 0]]
    rates = written(tmp_path, ",a,b\na,0,0.9\nb,0.3,0\n")
    found = read_tournament(rates, win_rates=True, symmetrise=True)
    assert found.payoff == pytest.approx(np.array([[0, 0.6], [-0.6, 0]]))


def test_differences_from_rounding_are_no_asymmetry(tmp_path: Path) -> None:
    found = read_tournament(written(tmp_path, ",a,b\na,0,0.3333333\nb,-0.3333334,0\n"))
    assert (found.payoff + found.payoff.T == 0).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no table"),
        (" \n\n", "has no table"),
        (",a,b\n", "has no table"),
        (',a,"b\na,0,1\nb,-1,0\n', "is no CSV: unexpected end of data"),
        (f",a,{'b' * 200_000}\na,0,1\n", "is no CSV: field larger than field limit"),
        (",a\na,0\n", "has 1 agent; expected at least two"),
        (",a,b\na,0,1\n", "is not square (1 rows, 2 columns): no row 'b'"),
        (",a\na,0\nb,1\n", "is not square (2 rows, 1 columns): no column 'b'"),
        (",a,c\na,0,1\nb,-1,0\n", "is not square (2 rows, 2 columns): no column 'b'"),
        (",a,a\na,0,1\nb,-1,0\n", "two columns are called 'a'"),
        (",a,b\na,0,1\na,-1,0\n", "two rows are called 'a'"),
        (",a,\na,0,1\nb,-1,0\n", "column 2 has no name"),
        (",a,b\na,0,1\n,-1,0\n", "row 2 has no name"),
        (
            ",a,b\na,0,\nb,-1,0\n",
            "row 'a', column 'b': the cell is empty; expected a number",
        ),
        (",a,b\na,0,1\nb\n", "row 'b', column 'a': the cell is empty"),
        (",a,b\na,0,1,2\nb,-1,0\n", "row 'a' has 3 cells; expected 2"),
        (",a,b\na,0,won\nb,-1,0\n", "row 'a', column 'b': 'won' is not a number"),
        (",a,b\na,0,nan\nb,-1,0\n", "row 'a', column 'b': 'nan' is not finite"),
        (",a,b\na,0,1\nb,-inf,0\n", "row 'b', column 'a': '-inf' is not finite"),
        (
            ",a,b\na,0,1\nb,-1e200,0\n",
            "row 'b', column 'a': '-1e200' is not finite or too large",
        ),
        (",a,b\na,x,1\nb,-1,0\n", "row 'a', column 'a': 'x' is not a number"),
        (",a,b\na,2,1\nb,-1,0\n", "row 'a', column 'a': 2; expected 0 against oneself"),
        (
            ",a,b\na,0,1\nb,-0.5,0\n",
            "1 and -0.5 add up to 0.5; expected 0, off by 0.5 (--symmetrise takes half",
        ),
        (",a,b\na,0.5,0.7\nb,0.3,0.5\n", "(for win rates add --win-rates; --symmetrise"),
    ],
)
def test_a_bad_payoff_table_is_refused_with_row_and_column(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_tournament(written(tmp_path, text))
    assert str(refused.value).startswith(str(tmp_path / "league.csv"))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ",a,b\na,0,75\nb,25,0\n",
            "75 is outside [0, 1]; expected a win rate from 0 to 1 (divide percentages by 100)",
        ),
        (
            ",a,b\na,0,-1\nb,1,0\n",
            "-1 is outside [0, 1]; expected a win rate from 0 to 1 (for payoffs leave",
        ),
        (",a,b\na,0,0.9\nb,0.3,0\n", "0.9 and 0.3 add up to 1.2; expected 1, off by 0.2"),
        (
            ",a,b\na,,0.9\nb,,\n",
            "row 'b', column 'a': the cell is empty; expected a win rate",
        ),
    ],
)
def test_a_bad_win_rate_table_is_refused_with_row_and_column(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_tournament(written(tmp_path, text), win_rates=True)
    assert said in str(refused.value)


def test_unreadable_files_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nosuch\.csv cannot be read: No such file"):
        read_tournament(tmp_path / "nosuch.csv")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_tournament(tmp_path)
    path = tmp_path / "binary.csv"
    path.write_bytes(b",a,b\na,0,\xff\n")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        read_tournament(path)


def test_a_log_of_winners_and_losers_is_a_tournament(tmp_path: Path) -> None:
    """Ann beat Bob twice and lost once; Cat met only Bob."""
    path = tmp_path / "log.csv"
    path.write_text("winner,loser\nann,bob\nann,bob\nbob,ann\nbob,cat\n")
    names, payoff, games = read_tournament(path)
    assert names == ("ann", "bob", "cat")
    assert payoff[0, 1] == pytest.approx(1 / 3)
    assert payoff[1, 0] == pytest.approx(-1 / 3)
    assert (payoff[1, 2], payoff[2, 1]) == (1, -1)
    assert np.isnan(payoff[0, 2])
    assert games is not None
    assert games.tolist() == [[0, 3, 0], [3, 0, 1], [0, 1, 0]]


def test_a_log_of_scores_counts_draws_as_half(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("player_a;player_b;score\nann;bob;1\nann;bob;0.5\n")
    assert read_tournament(path).payoff[0, 1] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ann", "line 2: got 'ann', expected winner,loser"),
        ("ann,ann", "line 2: 'ann' plays itself"),
        ("ann,", "line 2: got 'ann,', expected winner,loser"),
    ],
)
def test_a_bad_line_of_a_log_is_an_error_with_its_number(
    tmp_path: Path, line: str, problem: str
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"winner,loser\n{line}\n")
    with pytest.raises(UserError, match=problem):
        read_tournament(path)


def test_blank_lines_count_in_the_number_of_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("\nwinner,loser\n\nann,bob\n\nann\n")
    with pytest.raises(UserError, match="line 6: got 'ann', expected winner,loser"):
        read_tournament(path)


def test_a_score_outside_0_to_1_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("player_a,player_b,score\nann,bob,2\n")
    with pytest.raises(UserError, match="line 2: score '2', expected a number from 0 to 1"):
        read_tournament(path)
