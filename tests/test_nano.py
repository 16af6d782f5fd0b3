"""The laboratory base: what it has never read, and that it learns from one example."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

import docendo
from docendo.engines.local.engine import LocalEngine
from docendo.graders.answer import exact, per_answer
from docendo.problems.procedural import ProceduralSource
from docendo.problems.procedures import PROCEDURES, ProcedureSpec, draft_procedure
from docendo.problems.registry import built_in_domains
from docendo.records import BASE, mean_score
from docendo.run.evaluation import worked_lesson
from docendo.teaching.classroom import Classroom, RolloutSpec
from tests.toys import load_script, teaching_rules

NANO = Path(docendo.__file__).parent / "nano"
RECIPE = Path(__file__).parents[1] / "recipes" / "nano.py"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    return load_script(RECIPE)


def questions(recipe: ModuleType, documents: int) -> Iterator[tuple[list[str], list[str]]]:
    """The words before each question's string, and the names of the steps that solve it."""
    for seed in range(documents):
        pieces = [text for text, _ in recipe.document(Random(seed))][1:]
        for question, solution in zip(pieces[::2], pieces[1::2], strict=True):
            *name, _ = question.removeprefix("Q: ").split(" ")
            lines = solution.removesuffix(recipe.END).splitlines()
            assert lines[-1].startswith("Answer: ")
            yield name, [line.split(" ")[0] for line in lines[:-1]]


def test_the_training_documents_of_nano_hold_no_word_or_procedure_of_a_domain(
    recipe: ModuleType,
) -> None:
    words = {word for spec in PROCEDURES.values() for word in spec.words}
    own = {step for spec in PROCEDURES.values() for step in spec.unique_steps}
    chains = {steps for spec in PROCEDURES.values() for steps in spec.words.values()}
    seen = list(questions(recipe, 4000))
    assert len(seen) > 8000
    assert not {word for name, _ in seen for word in name} & (words | own)
    assert not {step for _, steps in seen for step in steps} & own
    assert not {tuple(steps) for _, steps in seen} & chains


def test_an_invented_word_is_no_step_and_keeps_its_meaning_within_a_document(
    recipe: ModuleType,
) -> None:
    known = {step for spec in PROCEDURES.values() for step in spec.steps}
    for seed in range(1000):
        pieces = [text for text, _ in recipe.document(Random(seed))][1:]
        names = [question.split(" ")[1:-1] for question in pieces[::2]]
        steps = [
            [line.split(" ")[0] for line in text.splitlines()[:-1]] for text in pieces[1::2]
        ]
        if names[0][0] not in known:
            assert all(
                name == names[0] and chain == steps[0]
                for name, chain in zip(names, steps, strict=True)
            )


def test_nano_learns_answers_only_and_most_documents_have_no_instruction(
    recipe: ModuleType,
) -> None:
    documents = [recipe.document(Random(seed)) for seed in range(1000)]
    assert all(
        [answer for _, answer in pieces]
        == [i % 2 == 0 and i > 0 for i in range(len(pieces))]
        for pieces in documents
    )
    assert 60 < sum(pieces[0][0] != "\n" for pieces in documents) < 140


def test_nano_is_at_most_eight_megabytes() -> None:
    assert (
        sum(path.stat().st_size for path in NANO.iterdir() if path.is_file()) <= 8_000_000
    )


def test_the_shipped_loss_curve_of_nano_falls() -> None:
    curve = json.loads((NANO / "curve.json").read_text())
    assert [step for step, _ in curve] == list(range(50, 1501, 50))
    assert curve[-1][1] < 0.2 < 1 < curve[0][1]


@pytest.mark.slow
def test_one_worked_example_raises_the_accuracy_of_nano_by_a_third(
    recipe: ModuleType, nano: LocalEngine
) -> None:
    domains = {name: invented(recipe, name, spec) for name, spec in PROCEDURES.items()}
    room = Classroom(
        nano,
        domains,
        dict.fromkeys(domains, per_answer(exact)),
        teaching_rules(max_tokens=48),
        {BASE: ""},
    )
    problems = [
        p
        for d in domains.values()
        for family in d.families
        for p in d.draw(family, 3, 2, 5, "held-out")
    ]
    bare = room.roll_out(
        [RolloutSpec(BASE, p, None, "evaluation", 0) for p in problems], 0.0
    )
    shown = [
        RolloutSpec(BASE, p, worked_lesson(domains[p.domain], p, 0), "evaluation", 0)
        for p in problems
    ]
    assert mean_score(room.roll_out(shown, 0.0)) >= mean_score(bare) + 0.3


def invented(recipe: ModuleType, domain: str, spec: ProcedureSpec) -> ProceduralSource:
    """Six words that nobody has read before, of known steps in orders that no domain has."""
    rng = Random(len(domain))

    def word() -> tuple[str, tuple[str, ...]]:
        return recipe.invented(rng, recipe.TAKEN), recipe.chain(spec, rng)

    words = dict(word() for _ in range(6))
    families = {
        n: lambda r, level, n=n, s=s: draft_procedure(n, s, spec, spec.make_text(r, level))
        for n, s in words.items()
    }
    return ProceduralSource(domain, families)


@pytest.fixture
def nano() -> LocalEngine:

    from tests.engines.toys import open_toy

    return open_toy("nano", rank=4, alpha=16.0)


def test_the_domains_of_procedures_are_among_those_that_a_config_can_name() -> None:
    assert PROCEDURES.keys() <= built_in_domains().keys()


@pytest.mark.slow
def test_the_nano_recipe_trains_the_same_model_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        command = [sys.executable, str(RECIPE), str(tmp_path / name), "--steps", "2"]
        subprocess.run(command, check=True, capture_output=True)
    one, two = (
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two")
    )
    assert one == two
    assert one != (NANO / "model.safetensors").read_bytes()
