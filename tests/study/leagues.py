"""Leagues and studies that train in a second: three agents, each expert of one domain, on a model of random weights."""

from pathlib import Path
from typing import Any

import tomli_w

from docendo.config.load import Config, parse_config
from docendo.study.plan import StudyPlan, load_plan
from docendo.study.results import ArmResult

DOMAINS = {"letters": ["tor", "mib"], "digits": ["vun"], "genes": ["sel"]}
AGENTS = {"ada": "letters", "bob": "digits", "cyd": "genes"}
OUTSIDE = {"letters": {"spelled": [3]}}
SMALL = {
    "engine": {
        "device": "cpu",
        "dtype": "float32",
        "kernels": "torch",
        "rank": 2,
        "alpha": 8.0,
    },
    "experts": {"steps": 2, "eval_every": 1, "batch_size": 1},
    "teaching": {"matches": 2, "attempts": 2, "control_attempts": 2, "max_tokens": 6},
    "learning": {
        "self_practice": 1,
        "practice_attempts": 2,
        "imitation": 1,
        "rehearsal": 1,
    },
}


def league(**given: Any) -> dict[str, Any]:
    """A league as its file has it; what is given takes the place of a whole table."""
    domains = {
        d: {"families": {f: [3] for f in families}} for d, families in DOMAINS.items()
    }
    agents = {
        name: {"domain": domain, "system_prompt": ""} for name, domain in AGENTS.items()
    }
    return {"model": "tiny", **SMALL, "domains": domains, "agents": agents} | given


def config(**given: Any) -> Config:
    return parse_config(league(**given), "league.toml")


def study(folder: Path, league: dict[str, Any] | None = None, **given: Any) -> Path:
    """The file of a study, with the file of its league beside it."""
    (folder / "league.toml").write_text(tomli_w.dumps(league or globals()["league"]()))
    asked = {
        "config": "league.toml",
        "budget": 1e9,
        "seeds": 1,
        "eval_points": 3,
        "eval_problems": 3,
        "test_problems": 4,
    }
    path = folder / "study.toml"
    path.write_text(tomli_w.dumps({**asked, "arms": ["teaching"], **given}))
    return path


def planned(folder: Path, league: dict[str, Any] | None = None, **given: Any) -> StudyPlan:
    return load_plan(study(folder, league, **given))


class Silent:
    """Watches and remembers what it was told."""

    def __init__(self) -> None:
        self.lines, self.shares = list[str](), list[float]()

    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...

    def on_message(self, line: str) -> None:
        self.lines.append(line)

    def on_warning(self, line: str) -> None:
        self.lines.append(line)

    def on_progress(self, spent: float) -> None:
        self.shares.append(spent)


def timeless(result: ArmResult) -> ArmResult:
    """The result without the seconds that it took, and the commit of the code, which may move while tests run."""
    cost, about = (
        result.cost.model_copy(update={"seconds": 0.0}),
        result.setup.model_copy(update={"commit": ""}),
    )
    return result.model_copy(update={"cost": cost, "setup": about})
