import inspect
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.games.kuhn_text import KUHN
from docendo.games.text_game import (
    TextGame,
    Turn,
    demonstrate_rules,
    information_sets,
    legal_moves_in,
    play_random,
    read_move,
)
from docendo.games.tictactoe import TIC_TAC_TOE
from docendo.prompts import INSTRUCTION
from docendo.records import Message, Request
from tests.toys import ANN, said

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
LEGAL = ("fold", "call")


def asked(turn: Turn, seed: int = 0) -> Request:
    return Request(ANN, turn.prompt(), seed)


@pytest.mark.parametrize(
    "text",
    [
        "Answer: call",
        "I hold the king.\nanswer: CALL.",
        "**Answer:** call",
        "Answer: 'call'",
        "call",
        "Call!",
    ],
)
def test_a_move_is_read_from_the_final_answer(text: str) -> None:
    assert read_move(text, LEGAL) == ("call", (1.0, "legal"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no move"),
        ("Answer:", "no move"),
        ("I fold my arms and think about it\nfor a long while", "no move"),
        ("Answer: bet", "'bet' is not one of fold, call"),
        ("Answer: fold or call", "'fold or call' is not one of fold, call"),
        ("Answer: call\nAnswer: raise", "'raise' is not one of fold, call"),
        ("Answer: " + "call" * 100, f"{('call' * 100)[:60]!r} is not one of fold, call"),
    ],
)
def test_an_illegal_move_has_a_reason(text: str, reason: str) -> None:
    assert read_move(text, LEGAL) == ("", (0.0, reason))


@given(ANY_TEXT)
def test_any_text_is_judged_and_only_a_legal_move_scores(text: str) -> None:
    choice, verdict = read_move(text, LEGAL)
    assert (choice, verdict.score) in {("", 0.0), ("fold", 1.0), ("call", 1.0)}
    assert read_move(f"{text}\nAnswer: fold", LEGAL)[0] == "fold"
    assert read_move(f"{text}\nAnswer: raise", LEGAL)[0] == ""


@pytest.mark.parametrize("game", [KUHN, TIC_TAC_TOE], ids=lambda g: g.name)
def test_a_random_legal_player_reads_its_moves_from_the_prompt(game: TextGame) -> None:
    made = Counter[str]()
    for seed in range(60):
        moves: tuple[str, ...] = ()
        while turn := game.turn(game.deals[0], moves):
            assert legal_moves_in(asked(turn)) == list(turn.legal)
            choice, verdict = read_move(
                play_random(asked(turn, 10 * seed + len(moves))), turn.legal
            )
            assert verdict.score == 1
            moves = (*moves, choice)
        made.update(moves)
    assert len(made) == {"kuhn": 4, "tic-tac-toe": 9}[game.name]


def test_a_scripted_player_refuses_requests_other_than_moves() -> None:
    with pytest.raises(UserError, match="ann is a program that plays games"):
        play_random(Request(ANN, (Message("user", "2 + 2?"),), 0))
    with pytest.raises(UserError, match="ann is a program that plays games"):
        play_random(Request(ANN, (Message("user", ""),), 0))


def test_a_game_without_chance_still_needs_one_deal() -> None:
    with pytest.raises(UserError, match="'dull' has no deals; one empty text is enough"):
        replace(KUHN, name="dull", deals=())


def test_the_game_prompt_is_the_rules_the_view_and_the_moves_verbatim() -> None:
    turn = Turn(KUHN, "queen", ("check", "bet"))
    assert turn.prompt("Be brief.") == (
        Message("system", "Be brief."),
        Message(
            "user", f"{KUHN.rules}\n{turn.view}\nWrite 'Answer: fold' or 'Answer: call'."
        ),
    )
    assert turn.prompt()[0] == Message("system", INSTRUCTION)


def test_a_turn_cannot_hold_the_other_players_cards() -> None:
    assert Turn._fields == ("game", "hand", "moves")
    for function in (KUHN.view, KUHN.legal, TIC_TAC_TOE.view, TIC_TAC_TOE.legal):
        assert list(inspect.signature(function).parameters) == ["hand", "moves"]


@pytest.mark.parametrize("game", [KUHN, TIC_TAC_TOE], ids=lambda g: g.name)
def test_rule_lessons_show_legal_moves_of_reachable_turns(game: TextGame) -> None:
    lessons = demonstrate_rules(game, 60, seed=1, instruction="Be brief.")
    assert len(lessons) == 60
    for messages, text in lessons:
        request = Request(ANN, messages, 0)
        assert read_move(text, legal_moves_in(request))[1].score == 1
        assert said(request).startswith(f"Be brief.\n{game.rules}")
    assert lessons == demonstrate_rules(game, 60, seed=1, instruction="Be brief.")
    assert lessons != demonstrate_rules(game, 60, seed=2, instruction="Be brief.")


def test_rule_lessons_prefer_no_move() -> None:
    texts: dict[str, Counter[str]] = {}
    for messages, text in demonstrate_rules(KUHN, 400, seed=1):
        texts.setdefault(messages[-1].content, Counter())[text] += 1
    assert len(texts) == len(information_sets(KUHN)) == 12
    for counts in texts.values():
        (_, one), (_, other) = counts.items()
        assert one == other


def test_rule_lessons_show_all_moves_of_a_turn_before_the_next_turn() -> None:
    lessons = demonstrate_rules(KUHN, 400, seed=1)
    for (one, choice), (same, other) in zip(lessons[::2], lessons[1::2], strict=True):
        assert one == same
        assert choice != other
