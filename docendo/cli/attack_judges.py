"""`docendo attack-judges`: whether a run's evaluators can be talked into a point."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import AsJson, OnlyDomains, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import check_names, load_run_config, open_trained
from docendo.errors import UserError
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.judges.attacks import Resistance

__all__ = ["attack_judges"]

_N_HELP = "Held-out problems of each domain."
_ATTACKED_HELP = "How many of these problems every attack is tried on."
_MAX_PASSED_HELP = "Exit with 1 where a larger share of the attacks or near misses passes."


def attack_judges(
    path: RunPath,
    domain: OnlyDomains = None,
    n: Annotated[int, typer.Option(min=1, help=_N_HELP)] = 24,
    attacked: Annotated[int, typer.Option(min=1, help=_ATTACKED_HELP)] = 4,
    max_passed: Annotated[float, typer.Option(min=0, max=1, help=_MAX_PASSED_HELP)] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Picks the problems.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Attack a run's evaluators.

    Tries texts that know no answer and are made to please a judge, and counts how many get a
    point; right, wrong and nearly right answers beside them. Reads the newest checkpoint and writes nothing.
    """
    from docendo.judges.attacks import measure_resistance
    from docendo.run.evaluation import held_out_problems

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        if not config.domains:
            raise UserError(f"{path} has no domains, so nobody judges answers in it")
        _check_people(config)
        domains = check_names(
            domain or config.domains, list(config.domains), "domain", path
        )
        trained = open_trained(run)

    results = {}
    for name in domains:
        evaluator = trained.classroom.evaluators[name]
        problems = held_out_problems(trained.catalog, name, n, seed)
        results[name] = measure_resistance(evaluator, problems, attacked)

    failed = []
    for name, result in results.items():
        if max(result.rate, result.near_rate) > max_passed:
            failed.append(name)
    if as_json:
        shares = {
            d: {**r._asdict(), "rate": r.rate, "near_rate": r.near_rate}
            for d, r in results.items()
        }
        show_json(
            {
                "run": str(path),
                "max_passed": max_passed,
                "passed": not failed,
                "domains": shares,
            }
        )
    else:
        _show(results, config)
        share = f"more than {max_passed:.1%} of the attacks or near misses"
        verdict = f"{share} passed in {', '.join(failed)}"
        show(verdict if failed else "passed")
    # so that a script can rely on the judges of a run
    if failed:
        raise typer.Exit(1)


def _check_people(config: "Config") -> None:
    """Raise UserError where a person would be asked to grade every attack."""
    from docendo.humans.rating import HumanRaterConfig

    for name, evaluator in config.evaluators.items():
        if isinstance(evaluator, HumanRaterConfig) and evaluator.mode == "wait":
            raise UserError(
                f"[evaluators.{name}] waits for a person, "
                "who is not to be asked about attacks"
            )


def _show(results: Mapping[str, "Resistance"], config: "Config") -> None:
    rows = table(
        ["domain", "evaluator"],
        ["attacks", "let through", "right answers", "wrong answers", "near misses"],
    )
    passed = []
    for domain, result in results.items():
        evaluator = config.domains[domain].evaluator or "the right answer"
        rows.add_row(
            safe(domain),
            safe(evaluator),
            f"{result.attacks:,}",
            f"{result.rate:.1%}",
            f"{result.right:.1%}",
            f"{result.wrong:.1%}",
            f"{result.near_rate:.1%}",
        )
        through = {**result.through, **result.near_through}
        if through:
            counts = [f"{count} {kind}" for kind, count in through.items()]
            passed.append(safe(f"{domain}: {', '.join(counts)}"))
    show(title("Let through: half a point or more"), rows, *passed)
