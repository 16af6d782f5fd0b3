"""What a calculator is worth: a run of recipes/tools.toml examined level by level, with its tools and without them.

    docendo run recipes/tools.toml --out runs/tools
    python benchmarks/tools.py runs/tools --json

Three answerers on the same held-out problems, greedily: the agent that has a calculator; the same weights and the same
prompt, its calls left unanswered; and the agent that was trained alike on the worked solutions as they are. Takes two
minutes on 2 cores after the run.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from docendo.cli.runs import open_trained
from docendo.graders.answer import final_answer
from docendo.records import AgentId, Problem, Rollout, base_agent
from docendo.run.agents import LoadedAgents
from docendo.run.evaluation import held_out_problems
from docendo.statistics import wilson_interval
from docendo.store import RunDirectory
from docendo.teaching.classroom import Classroom, RolloutSpec


def examined(room: Classroom, agent: AgentId, problems: Sequence[Problem]) -> list[Rollout]:
    return room.roll_out(
        [RolloutSpec(agent, p, None, "evaluation", 0) for p in problems], temperature=0.0
    )


def told(attempts: Sequence[Rollout]) -> dict[str, Any]:
    scores = [a.verdict.score for a in attempts]
    low, high = wilson_interval(fmean(scores), len(scores))
    sizes = [len(a.completion.tokens) for a in attempts]
    return {
        "right": fmean(scores),
        "low": low,
        "high": high,
        "n": len(scores),
        "tokens": fmean(sizes),
        "longest": max(sizes),
        "answered": fmean(final_answer(a.completion.text) is not None for a in attempts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("run", type=Path)
    parser.add_argument(
        "--n", type=int, default=150, help="problems, the levels in equal parts"
    )
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument(
        "--tokens",
        type=int,
        default=112,
        help="of an answer: a worked solution without calls is long",
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with RunDirectory.open(args.run) as run:
        trained = open_trained(run)
    found = {
        name: table(attempts)
        for name, attempts in every(trained, args.n, args.seed, args.tokens).items()
    }
    if args.json:
        print(
            json.dumps({"seed": args.seed, "max_tokens": args.tokens, "answerers": found})
        )
        return
    for name, rows in found.items():
        cells = (
            f"{level} {c['right']:.0%} ({c['low']:.0%} to {c['high']:.0%})"
            for level, c in rows.items()
        )
        print(f"{name:24}", *cells, sep="  ")


def every(
    trained: LoadedAgents, n: int, seed: int, tokens: int
) -> dict[str, list[tuple[Problem, Rollout]]]:
    """The answers of every agent, and of those with tools also without them."""
    problems = [
        p
        for d in trained.catalog.sources
        for p in held_out_problems(trained.catalog, d, n, seed)
    ]
    rules = replace(trained.classroom.rules, max_tokens=tokens)
    room, answers = (
        replace(trained.classroom, rules=rules),
        dict[str, list[tuple[Problem, Rollout]]](),
    )
    bare = replace(room, engine=trained.backend)
    for agent in map(AgentId, trained.config.learners):
        answers[agent] = list(zip(problems, examined(room, agent, problems), strict=True))
        if base_agent(agent) in room.tools:
            answers[f"{agent}, tools off"] = list(
                zip(problems, examined(bare, agent, problems), strict=True)
            )
    return answers


def table(answers: Sequence[tuple[Problem, Rollout]]) -> dict[str, dict[str, Any]]:
    """By family and level."""
    kinds = dict.fromkeys(p.task_type for p, _ in answers)
    return {
        f"{k.family} {k.level}": told([a for p, a in answers if p.task_type == k])
        for k in kinds
    }


if __name__ == "__main__":
    main()
