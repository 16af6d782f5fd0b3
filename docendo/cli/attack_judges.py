"""`docendo attack-judges`: whether a run's evaluators can be talked into a point."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import check_name, load_run_config, open_trained
from docendo.errors import UserError

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.judges.attacks import Resistance

__all__ = ["attack_judges"]


def attack_judges(
    path: RunPath,
    domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help="Only this domain.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="Held-out problems of each domain.")] = 24,
    attacked: Annotated[
        int, typer.Option(min=1, help="Of these, problems that every attack is tried on.")
    ] = 4,
    max_passed: Annotated[
        float,
        typer.Option(min=0, max=1, help="Exits with 1 where more of the attacks pass."),
    ] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Picks the problems.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Attack a run's evaluators.

    Texts that know nothing and are made to please a judge, and how many of them are let through; right answers and
    wrong ones beside them. Reads the newest checkpoint and writes nothing.
    """
    from docendo.judges.attacks import resistance
    from docendo.run.evaluation import held_out_problems
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        if not config.domains:
            raise UserError(f"{path} has no domains, so nobody judges answers in it")
        _check_people(config)
        domains = [
            check_name(d, list(config.domains), "domain", path)
            for d in domain or config.domains
        ]
        trained = open_trained(run)
    evaluators = trained.classroom.evaluators
    found = {
        d: resistance(
            evaluators[d], held_out_problems(trained.catalog, d, n, seed), attacked
        )
        for d in dict.fromkeys(domains)
    }
    failed = [d for d, r in found.items() if r.rate > max_passed]
    if as_json:
        show_json(
            {
                "run": str(path),
                "max_passed": max_passed,
                "passed": not failed,
                "domains": _told(found),
            }
        )
    else:
        _show(found, {d: config.domains[d].evaluator or "the right answer" for d in found})
        show(
            f"more than {max_passed:.1%} of the attacks passed in {', '.join(failed)}"
            if failed
            else "passed"
        )
    if failed:
        raise typer.Exit(1)


def _check_people(config: "Config") -> None:
    waiting = [
        name
        for name, given in config.evaluators.items()
        if given.kind == "human" and given.by == "wait"
    ]
    if waiting:
        raise UserError(
            f"[evaluators.{waiting[0]}] waits for a person, who is not to be asked about attacks"
        )


def _told(found: Mapping[str, "Resistance"]) -> dict[str, Any]:
    return {d: {**r._asdict(), "rate": r.rate} for d, r in found.items()}


def _show(found: Mapping[str, "Resistance"], names: Mapping[str, str]) -> None:
    made = table(
        ["domain", "evaluator"],
        ["attacks", "let through", "right answers", "wrong answers"],
    )
    for domain, r in found.items():
        shares = (safe(f"{share:.1%}") for share in (r.rate, r.right, r.wrong))
        made.add_row(safe(domain), safe(names[domain]), f"{r.attacks:,}", *shares)
    kinds = [
        f"{d}: {', '.join(f'{count} {kind}' for kind, count in r.through.items())}"
        for d, r in found.items()
    ]
    passed = (
        safe(line) for line, r in zip(kinds, found.values(), strict=True) if r.through
    )
    show(title("Let through: half a point or more"), made, *passed)
