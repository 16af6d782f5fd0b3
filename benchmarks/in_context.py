"""What a laboratory base answers right by itself, by how many worked examples it is shown before a question.

python benchmarks/in_context.py [--base nano] [--problems 48] [--level 3] [--json]

nano: of each domain of procedures six names that are invented here, of known steps; the words that the domain teaches;
and questions that name their steps. Greedy, without an instruction; the last row has the default one before it.
nano-rules: the words of each domain of rules, in every style of worked solution.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from types import ModuleType
from typing import NamedTuple

from ideal_reader import SHOWN, share_right
from shapes import open_on_cpu

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import LABORATORY
from docendo.graders.answer import exact, per_answer
from docendo.problems.procedural import ProceduralSource
from docendo.problems.procedures import (
    PROCEDURES,
    ProcedureSpec,
    draft_procedure,
    procedure_source,
)
from docendo.problems.rules import DOMAINS, STYLES, rule_source
from docendo.prompts import INSTRUCTION
from docendo.records import BASE, Completion, Lesson, Problem, Rollout, Verdict, mean_score
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec, TeachingRules

RECIPES = Path(__file__).parents[1] / "recipes"
RULES = TeachingRules(
    lessons=2,
    examples=1,
    attempts=4,
    control_attempts=4,
    control_shrinkage=4.0,
    max_tokens=64,
    temperature=1.0,
    gate=True,
)


def recipe() -> ModuleType:
    """The recipe that nano was trained by."""
    sys.path.insert(0, str(RECIPES))
    return importlib.import_module("nano")


def invented(made: ModuleType, domain: str, spec: ProcedureSpec) -> ProceduralSource:
    """Six words of two or three known steps, in orders that no domain has."""
    rng, families = Random(seed_for(0, "invented", domain)), dict[str, object]()
    while len(families) < 6:
        name, steps = made.invented(rng, made.TAKEN), made.chain(spec, rng)
        if len(steps) > 1:
            families[name] = lambda r, level, n=name, s=steps: draft_procedure(
                n, s, spec, spec.make_text(r, level)
            )
    return ProceduralSource(domain, families)  # type: ignore[arg-type]


class Row(NamedTuple):
    """One line of the table: families that are asked together, and what it is called."""

    source: ProceduralSource
    families: list[str]
    labels: dict[str, object]
    said: str = ""
    ideal: tuple[float, ...] = ()
    """What the best reader would have right."""


def procedure_rows() -> Iterator[Row]:
    made = recipe()
    for domain, spec in PROCEDURES.items():
        new, own = invented(made, domain, spec), procedure_source(domain)
        yield Row(new, [*new.families], {"domain": domain, "kind": "invented words"})
        for word in spec.words:
            yield Row(own, [word], {"domain": domain, "kind": f"the word {word}"})
        yield Row(own, ["spelled"], {"domain": domain, "kind": "spelled out"})
        labels: dict[str, object] = {"domain": domain, "kind": "invented, instructed"}
        yield Row(new, [*new.families], labels, INSTRUCTION)


def rule_rows(level: int) -> Iterator[Row]:
    for domain, spec in DOMAINS.items():
        for (word, rules), style in product(spec.words.items(), STYLES):
            groups = len(rules.split(" "))
            labels = {"domain": domain, "word": word, "groups": groups, "style": style}
            ideal = [float(share_right(groups, style, n, level + 2)) for n in SHOWN]
            yield Row(rule_source(domain, [style]), [word], labels, ideal=tuple(ideal))


def accuracy(engine: LocalEngine, row: Row, shown: int, given: argparse.Namespace) -> float:
    """Share of right answers after so many worked examples of the same family."""
    source = row.source
    room = Classroom(
        engine,
        {source.domain: source},
        {source.domain: per_answer(exact)},
        RULES,
        {BASE: row.said},
    )
    count = -(-given.problems // len(row.families))
    problems = [
        p
        for family in row.families
        for p in source.draw(family, given.level, count, 1, "held-out")
    ]
    tries = [
        RolloutSpec(BASE, p, lesson(source, p, shown), "evaluation", 0) for p in problems
    ]
    return mean_score(room.roll_out(tries, 0.0))


def lesson(source: ProceduralSource, problem: Problem, shown: int) -> Lesson | None:
    if not shown:
        return None
    drawn = source.draw(
        problem.family, problem.level, shown, seed_for(1, problem.key), "train"
    )
    right = Verdict(1.0, "worked solution")
    return Lesson(
        tuple(drawn), tuple(Rollout(Completion(p.solution), right) for p in drawn)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", choices=LABORATORY, default=LABORATORY[0])
    parser.add_argument("--problems", type=int, default=48, help="of each domain")
    parser.add_argument("--level", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    engine = open_on_cpu(given.base, 1, 1.0, "float32", "torch")
    asked = procedure_rows() if given.base == "nano" else rule_rows(given.level)
    table = []
    for row in asked:
        right = [accuracy(engine, row, shown, given) for shown in SHOWN]
        table.append({**row.labels, "right": right, "ideal": row.ideal})
        if not given.json:
            name = " ".join(f"{label!s:8}" for label in row.labels.values())
            print(f"{name:32} " + "  ".join(f"{r:.2f}" for r in right), flush=True)
    if given.json:
        json.dump(table, sys.stdout)


if __name__ == "__main__":
    main()
