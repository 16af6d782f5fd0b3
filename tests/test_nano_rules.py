"""The second laboratory base: what it has never read, and that an example is worth a little or a lot."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random
from statistics import fmean
from types import ModuleType

import pytest

import docendo
from docendo.graders.answer import exact, per_answer
from docendo.problems.rules import DOMAINS, STYLES, Style, rule_source
from docendo.records import BASE, mean_score
from docendo.run.evaluation import worked_lesson
from docendo.teaching.classroom import Classroom, RolloutSpec
from tests.engines.toys import open_toy
from tests.toys import load_script, teaching_rules

ROOT = Path(__file__).parents[1]
BASE_FOLDER = Path(docendo.__file__).parent / "nano_rules"
RESULTS = json.loads((ROOT / "docs" / "results" / "nano-rules.json").read_text())
GROUPS = (2, 3, 4, 6)


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    return load_script(ROOT / "recipes" / "nano_rules.py")


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    return load_script(ROOT / "benchmarks" / "ideal_reader.py")


def test_the_documents_of_nano_rules_hold_no_word_and_no_rules_of_a_word(
    recipe: ModuleType,
) -> None:
    words = {word for domain in DOMAINS.values() for word in domain.words}
    taught = [{*r.split(" ")} for d in DOMAINS.values() for r in d.words.values()]
    styles = Counter[str]()
    for seed in range(3000):
        pieces = [text for text, _ in recipe.document(Random(seed))]
        for question, solution in zip(pieces[1::2], pieces[2::2], strict=True):
            assert not words & {*question.split()}
            why = solution.split("\n")[0].removeprefix("why ")
            named = question.removeprefix("Q: ")[:-1]
            assert {*why.split(" ")} not in taught
            assert {part for part in named.split(" ") if len(part) == 2} not in taught
            styles[solution[:3]] += 1
    assert styles["why"] > 500


def test_a_name_keeps_its_rules_within_a_document_of_nano_rules(recipe: ModuleType) -> None:
    for seed in range(500):
        images: dict[tuple[str, str], str] = {}
        pieces = [text for text, _ in recipe.document(Random(seed))]
        for question, solution in zip(pieces[1::2], pieces[2::2], strict=True):
            parts = question.split()
            answer = solution.removesuffix(recipe.END).split("Answer: ")[1]
            name = " ".join(parts[1:-1])
            for symbol, image in zip(parts[-1], answer, strict=True):
                assert images.setdefault((name, symbol), image) == image


def test_the_first_answer_of_an_unknown_name_is_seldom_learned(recipe: ModuleType) -> None:
    documents = [recipe.document(Random(seed)) for seed in range(1000)]
    learned = [[answer for _, answer in pieces[2::2]] for pieces in documents]
    assert all(all(later) for _, *later in learned)
    assert 300 < sum(first for first, *_ in learned) < 500


def test_nano_rules_is_at_most_eight_megabytes_and_its_loss_falls() -> None:
    assert sum(path.stat().st_size for path in BASE_FOLDER.glob("*.*")) <= 8_000_000
    curve = json.loads((BASE_FOLDER / "curve.json").read_text())
    assert [step for step, _ in curve] == list(range(50, 1801, 50))
    assert curve[-1][1] < 0.35 < 1 < curve[0][1]


@pytest.mark.parametrize(
    ("groups", "style", "shown", "chance"),
    [
        (1, "answer", 0, "1/3"),
        # the symbol shown, or another one, which two rules leave open
        (1, "answer", 1, "2/3"),
        # one symbol shown twice (1/3) is as above, two different ones tell the rule
        (1, "answer", 2, "8/9"),
        (1, "steps", 1, "1"),
        # the group shown, or the other one, of which nothing is known
        (2, "steps", 1, "2/3"),
        (2, "answer", 1, "1/2"),
        (2, "why", 1, "1"),
        (2, "why", 0, "1/3"),
    ],
)
def test_the_best_reader_of_one_symbol_is_right_as_counted_by_hand(
    reader: ModuleType, groups: int, style: Style, shown: int, chance: str
) -> None:
    assert reader.share_right(groups, style, shown, 1) == Fraction(chance)


def test_two_symbols_of_one_group_are_guessed_as_counted_by_hand(
    reader: ModuleType,
) -> None:
    # the same symbol twice (1/3): 1/3; two different ones: one of six rules
    assert reader.share_right(1, "answer", 0, 2) == Fraction(2, 9)


def test_for_the_best_reader_examples_are_worth_from_ten_to_ninety_percent(
    reader: ModuleType,
) -> None:
    for style in STYLES:
        for groups in GROUPS:
            right = [reader.share_right(groups, style, n) for n in range(4)]
            assert right == sorted(right)
    first = [
        reader.share_right(g, s, 1) for s in ("answer", "steps", "why") for g in GROUPS
    ]
    assert first[:4] == sorted(first[:4], reverse=True)
    assert first[3] < 0.11
    assert [round(float(share), 2) for share in first[4:8]] == [0.95, 0.75, 0.53, 0.27]
    assert first[8:] == [1, 1, 1, 1]


def measured(groups: int, style: str, shown: int) -> float:
    """The stored share right, over the four domains."""
    return fmean(
        row["right"][shown]
        for row in RESULTS["curves"]
        if (row["groups"], row["style"]) == (groups, style)
    )


def test_the_stored_curves_are_of_every_word_beside_the_best_reader(
    reader: ModuleType,
) -> None:
    assert len(RESULTS["curves"]) == 16 * len(STYLES)
    for row in RESULTS["curves"]:
        best = [float(reader.share_right(row["groups"], row["style"], n)) for n in range(4)]
        assert row["ideal"] == pytest.approx(best)


def test_the_stored_curves_lie_between_and_rise_with_examples_and_explanations() -> None:
    for groups in GROUPS:
        assert measured(groups, "steps", 0) < 0.1
        rise = [measured(groups, "steps", shown) for shown in range(4)]
        assert rise == sorted(rise)
        assert measured(groups, "why", 1) > 0.9
        assert measured(groups, "why", 1) > rise[1] > measured(groups, "answer", 1)
    shares = [measured(groups, "steps", 1) for groups in GROUPS]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.85
    assert shares[-1] < 0.35


def test_weights_learn_every_kind_of_word() -> None:
    for points in RESULTS["weights"].values():
        assert points[0][1] < 0.5
        assert points[-1][1] > 0.9


def test_the_packaged_nano_rules_gains_by_what_an_example_shows() -> None:
    engine = open_toy("nano-rules", rank=4, alpha=16.0)

    def share(word: str, style: Style) -> float:
        source = rule_source("lower", [style])
        rules = teaching_rules(max_tokens=64)
        grade = {"lower": per_answer(exact)}
        room = Classroom(engine, {"lower": source}, grade, rules, {BASE: ""})
        specs = [
            RolloutSpec(BASE, p, worked_lesson(source, p, 0), "evaluation", 0)
            for p in source.draw(word, 3, 16, 5, "held-out")
        ]
        return mean_score(room.roll_out(specs, 0.0))

    assert share("bim", "steps") >= 0.75
    assert share("gul", "steps") <= 0.55
    assert share("gul", "why") >= 0.85
