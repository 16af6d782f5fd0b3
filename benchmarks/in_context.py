"""What the laboratory base `nano` answers right by itself, by how many worked examples it is shown before a question.

python benchmarks/in_context.py [--problems 48] [--level 3] [--json]

Of each domain of procedures: six names that are invented here, of known steps; the words that the domain teaches;
and questions that name their steps. Greedy, without an instruction; the last row has the default one before it.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from random import Random
from types import ModuleType

from shapes import open_on_cpu

from docendo.graders.answer import exact, per_answer
from docendo.problems.procedural import ProceduralSource
from docendo.problems.procedures import (
    PROCEDURES,
    ProcedureSpec,
    draft_procedure,
    procedure_source,
)
from docendo.prompts import INSTRUCTION
from docendo.records import BASE, Completion, Lesson, Problem, Rollout, Verdict, mean_score
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec, TeachingRules

SHOWN = (0, 1, 2, 3)
RECIPE = Path(__file__).parents[1] / "recipes" / "nano.py"
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
    spec = importlib.util.spec_from_file_location("nano_recipe", RECIPE)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(RECIPE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invented(made: ModuleType, domain: str, spec: ProcedureSpec) -> ProceduralSource:
    """Six words of two or three known steps, in orders that no domain has."""
    rng, families = Random(seed_for(0, "invented", domain)), dict[str, object]()
    while len(families) < 6:
        name, steps = made.invented(rng), made.chain(spec, rng)
        if len(steps) > 1:
            families[name] = lambda r, level, n=name, s=steps: draft_procedure(
                n, s, spec, spec.make_text(r, level)
            )
    return ProceduralSource(domain, families)  # type: ignore[arg-type]


def accuracy(
    source: ProceduralSource,
    families: list[str],
    shown: int,
    given: argparse.Namespace,
    said: str = "",
) -> float:
    """Share of right answers after so many worked examples of the same family."""
    engine = open_on_cpu("nano", 1, 1.0, "float32", "torch")
    room = Classroom(
        engine,
        {source.domain: source},
        {source.domain: per_answer(exact)},
        RULES,
        {BASE: said},
    )
    count = -(-given.problems // len(families))
    problems = [
        p for f in families for p in source.draw(f, given.level, count, 1, "held-out")
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
    parser.add_argument("--problems", type=int, default=48, help="of each domain")
    parser.add_argument("--level", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made, rows = recipe(), list[dict[str, object]]()
    for domain, spec in PROCEDURES.items():
        new, own = invented(made, domain, spec), procedure_source(domain)
        plain = [(new, [*new.families], "invented words", "")]
        plain += [(own, [word], f"the word {word}", "") for word in spec.words]
        plain += [
            (own, ["spelled"], "spelled out", ""),
            (new, [*new.families], "invented, instructed", INSTRUCTION),
        ]
        for source, families, kind, said in plain:
            right = {n: accuracy(source, families, n, given, said) for n in SHOWN}
            rows.append({"domain": domain, "kind": kind, "right": right})
            if not given.json:
                print(
                    f"{domain:8} {kind:22} " + "  ".join(f"{right[n]:.2f}" for n in SHOWN),
                    flush=True,
                )
    if given.json:
        json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
