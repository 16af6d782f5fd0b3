"""How far models can be trusted as judges: `python benchmarks/judge.py --json`.

On problems of a kind that the judge was trained on, and with the bare base model: the share of wrong answers that are
let through (answers to other problems of the kind, and the known attacks), and the share of right ones that are.
"""

import argparse
import json
from collections.abc import Sequence

from docendo.build import PROCEDURAL, build_school, open_local, resolved, subjects
from docendo.config import Config
from docendo.graders.attacks import fooled
from docendo.graders.judge import Judge
from docendo.interfaces import Evaluator
from docendo.loop import study
from docendo.records import BASE, AgentId, Answer, Problem
from docendo.tables import AgentConfig, DomainConfig

CARL = AgentId("carl")


def measured(judge: Evaluator, problems: Sequence[Problem]) -> dict[str, float]:
    others = [*problems[1:], problems[0]]
    right = judge([Answer(p, p.solution, CARL, 0) for p in problems])
    wrong = judge([Answer(p, other.solution, CARL, 0) for p, other in zip(problems, others, strict=True)])
    through, tried = fooled(judge, problems[:8])
    return {
        "right answers let through": sum(v.score for v in right) / len(right),
        "wrong answers let through": sum(v.score for v in wrong) / len(wrong),
        "attacks let through": len(through) / tried,
        "attacks tried": tried,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=120)
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    domains = {"mathematics": DomainConfig(families={"sums": [1]})}
    agents = {"emmy": AgentConfig(domain="mathematics"), "carl": AgentConfig()}
    config = resolved(Config(domains=domains, agents=agents))
    engine, found = open_local(config), subjects(config)
    school = build_school(config, found, engine)
    list(study(school, range(2), given.steps // 2 * config.experts.batch, 0))
    problems = PROCEDURAL["mathematics"].draw("sums", 1, given.problems, 7, "held-out")
    told = {
        f"{name}, {way}": measured(Judge(engine, [who], way), problems)
        for name, who in (("base", BASE), ("expert", AgentId("emmy")))
        for way in ("solving", "reading")
    }
    print(json.dumps(told) if given.json else "\n".join(f"{k}: {v}" for k, v in told.items()))


if __name__ == "__main__":
    main()
