"""Does it pay to choose partners and problems? A league by improvement and curriculum against a uniform one.

Both arms start from the same experts and spend the same number of tokens. Problems are of nine kinds, three of which
are too hard for the base model, as they are when nobody has sorted them yet. Every (seed, arm) leaves a JSON file, and
what is there is not done again: python benchmarks/matchmaking.py --seeds 3 --out docs/results/matchmaking [--json]
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from docendo.backend import Backend
from docendo.build.backend import open_backend, resolve_config
from docendo.build.catalog import read_catalog
from docendo.build.school import build_school, count_expert_rounds
from docendo.compute import Ledger, within
from docendo.config.load import Config, parse_config
from docendo.loop import finetune, teach
from docendo.problems.catalog import Catalog
from docendo.records import DISCARDED, AgentId
from docendo.run.evaluation import accuracies, evaluate, held_out_problems
from docendo.school import Round, School
from docendo.statistics import clustered_mean

KINDS = {
    "mathematics": {"sums": [1, 2], "fractions": [1]},
    "programming": {"trace": [1, 2], "fix": [1]},
    "biology": {"growth": [1], "bonds": [1], "translation": [1]},
}
ARMS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "league": {
        "league": {"teacher_selection": "thompson", "curriculum": "learnability"},
        "learning": {
            "practice_curriculum": "learnability",
            "imitation_sampling": "error_rate",
        },
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--rounds",
        type=int,
        default=10,
        help="of the uniform arm; the other stops at its tokens",
    )
    parser.add_argument("--problems", type=int, default=36, help="held-out, of each domain")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for seed in range(given.seeds):
        if not all((given.out / f"{arm}-{seed}.json").exists() for arm in ARMS):
            one_seed(given, seed)
    found = compared(given.out, range(given.seeds))
    for name, (mean, low, high) in found.items():
        print(
            f"{name}: {mean:+.3f} (95 % {low:+.3f} to {high:+.3f}), {given.seeds} seeds, league minus uniform"
        )
    if given.json:
        print(
            json.dumps(
                {
                    k: {"mean": m, "low": low, "high": high}
                    for k, (m, low, high) in found.items()
                },
                allow_nan=given.seeds < 2,
            )
        )


def one_seed(given: argparse.Namespace, seed: int) -> None:
    """Experts once, then every arm from them."""
    with tempfile.TemporaryDirectory() as folder:
        experts, budget = Path(folder), 0.0
        for arm, sections in ARMS.items():
            config = settings(given, seed, sections)
            engine = open_backend(config)
            found = read_catalog(config)
            school = build_school(config, found, engine)
            if arm == "uniform":
                say(f"seed {seed}: experts")
                for _ in finetune(
                    school,
                    range(count_expert_rounds(config.experts)),
                    config.experts.steps * 8,
                    seed,
                ):
                    pass
                engine.save(experts)
            else:
                engine.load(experts)
            engine.pop_usage()
            result, budget = played(config, school, found, engine, budget)
            (given.out / f"{arm}-{seed}.json").write_text(
                json.dumps(result, indent=1) + "\n"
            )


def played(
    config: Config, school: School, found: Catalog, engine: Backend, budget: float
) -> tuple[dict[str, Any], float]:
    """One arm, and the tokens that it spent; all its rounds where there is no budget yet."""
    before, start, ledger = foreign(config, school, found), time.monotonic(), Ledger()
    engine.pop_usage()
    rounds: list[Round] = []
    first = count_expert_rounds(config.experts)
    most = config.teaching.rounds if not budget else 4 * config.teaching.rounds
    # the last round may end half a round above or below the budget
    budget -= budget / (2 * config.teaching.rounds)
    for played in within(
        budget or float("inf"),
        lambda: spent(ledger),
        booked(config, school, engine, ledger, range(first, first + most)),
    ):
        rounds.append(played)
        say(
            f"round {len(rounds)}: {spent(ledger):,.0f} tokens, useful {played.metrics['groups/nonzero_variance']:.2f}"
        )
    seconds = time.monotonic() - start
    after = foreign(config, school, found)
    groups, flat = (
        sum(r.metrics[name] for r in rounds)
        for name in ("groups/total", "groups/zero_variance")
    )
    return {
        "useful": 1 - flat / groups,
        "groups": groups,
        "before": before,
        "after": after,
        "rise": fmean(after[k] - before[k] for k in before),
        "tokens": spent(ledger),
        "seconds": seconds,
        "rounds": [dict(r.metrics) for r in rounds],
    }, spent(ledger)


def booked(
    config: Config, school: School, engine: Backend, ledger: Ledger, rounds: range
) -> Iterator[Round]:
    for played in teach(school, rounds, config.seed):
        ledger.book([*engine.pop_usage(), *played.discarded])
        yield played


def spent(ledger: Ledger) -> float:
    """Tokens sampled and trained on."""
    return sum(w.tokens for w in ledger.rows() if w.purpose != DISCARDED)


def foreign(config: Config, school: School, found: Catalog) -> dict[str, float]:
    """Accuracy without a lesson, of every agent on the domains that are not its own."""
    e, agents = config.evaluation, [AgentId(n) for n in config.learners]
    problems = {d: held_out_problems(found, d, e.problems, e.seed) for d in config.domains}
    wanted = {
        a: [p for d in problems if d not in config.agents[a].domains for p in problems[d]]
        for a in agents
    }
    return {
        f"{a}/{d}": value
        for (a, d), value in accuracies(evaluate(school.classroom, wanted, 0)).items()
    }


def settings(given: argparse.Namespace, seed: int, sections: dict[str, Any]) -> Config:
    table = {
        "model": given.model,
        "seed": seed,
        "domains": {name: {"families": families} for name, families in KINDS.items()},
        "experts": {"eval_every": 28},
        "teaching": {"rounds": given.rounds},
        "evaluation": {"problems": given.problems, "seed": seed + 1},
        **sections,
    }
    return resolve_config(parse_config(table, "benchmarks/matchmaking.py"))


def compared(folder: Path, seeds: range) -> dict[str, tuple[float, float, float]]:
    """Differences over the seeds, each with the interval of a paired t-test."""
    found = {}
    for name in ("useful", "rise"):
        pairs = [
            [json.loads((folder / f"{arm}-{seed}.json").read_text())[name] for arm in ARMS]
            for seed in seeds
        ]
        mean, low, high, _ = clustered_mean(
            [[league - uniform] for uniform, league in pairs]
        )
        found[name] = (
            mean,
            -math.inf if low is None else low,
            math.inf if high is None else high,
        )
    return found


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
