"""How far models can be trusted as judges: `python benchmarks/judge.py --json`.

The bare base model, and an expert of sums, on sums (where right answers are numbers) and on capitals (words): the share
of wrong answers that are let through (answers to other problems of the kind, and the attacks), and that of right ones.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from docendo.build.backend import open_backend, resolve_config
from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config import AgentConfig, DomainConfig
from docendo.config.load import Config
from docendo.datasets.columns import Columns
from docendo.datasets.files import read_problems
from docendo.interfaces import Evaluator
from docendo.judges.attacks import measure_resistance
from docendo.judges.pointwise import ModelJudge
from docendo.loop import finetune
from docendo.problems.registry import built_in_domains
from docendo.records import BASE, AgentId, Problem

CAPITALS = Path(__file__).parents[1] / "recipes" / "capitals.csv"


def measured(judge: Evaluator, problems: Sequence[Problem]) -> dict[str, float]:
    found = measure_resistance(judge, problems)
    return {
        "right answers let through": found.right,
        "wrong answers let through": found.wrong,
        "attacks let through": found.rate,
        "attacks tried": found.attacks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=120)
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    domains = {"mathematics": DomainConfig(families={"sums": [1]})}
    agents = {"emmy": AgentConfig(domain="mathematics"), "carl": AgentConfig()}
    config = resolve_config(Config(domains=domains, agents=agents))
    engine, found = open_backend(config), read_catalog(config)
    school = build_school(config, found, engine)
    list(finetune(school, range(2), given.steps // 2 * config.experts.batch_size, 0))
    sums = built_in_domains()["mathematics"].draw("sums", 1, given.problems, 7, "held-out")
    capitals = read_problems(str(CAPITALS), "capitals", Columns()).problems
    told = {
        f"{name}, {way}, {what}": measured(
            ModelJudge(engine, [who], way, max_tokens=48), problems
        )
        for name, who in (("base", BASE), ("expert", AgentId("emmy")))
        for way in ("solving", "reading")
        for what, problems in (("sums", sums), ("capitals", capitals))
    }
    print(
        json.dumps(told) if given.json else "\n".join(f"{k}: {v}" for k, v in told.items())
    )


if __name__ == "__main__":
    main()
