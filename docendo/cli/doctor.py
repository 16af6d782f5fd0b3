"""`docendo doctor`: which packages and parts of the machine a run needs, and what is missing."""

import importlib
import re
from importlib import metadata
from typing import NamedTuple

import typer

from docendo.cli.machine import DoctorFinding, Status, check_machine
from docendo.cli.options import AsJson
from docendo.cli.output import safe, show, show_json, table

__all__ = ["PACKAGES", "Package", "check_package", "doctor"]

_COLOURS: dict[Status, str] = {"ok": "green", "missing": "red", "optional": "yellow"}


class Package(NamedTuple):
    """A Python package that some part of docendo uses."""

    requirement: str
    """As pip and pyproject.toml spell it."""
    purpose: str
    module: str = ""
    """What is imported where the package is required; empty for an optional package."""

    @property
    def name(self) -> str:
        return re.split("[<>=]", self.requirement)[0]


PACKAGES = (
    Package("torch>=2.5", "trains and samples", "torch"),
    Package("transformers>=5", "reads models", "transformers"),
    Package("safetensors>=0.4.3", "reads and writes checkpoints", "safetensors"),
    Package("gguf>=0.10", "reads the embedded model", "gguf"),
    # transformers refuses to read GGUF files without it
    Package("accelerate>=1", "reads the embedded model", "accelerate"),
    Package("scipy>=1.11", "ratings and equilibria of a league"),
    Package("openskill>=6", "skill ratings of a league"),
    Package("math-verify>=0.8", "compares formulas in answers"),
    Package("pyspellchecker>=0.8", "the spelling evaluator"),
    Package("reasoning-gym==0.1.25", "the domains of Reasoning Gym"),
    Package("llguidance>=1.9,<2", "grammars for answers"),
    Package("pydantic-monty>=1.4,<2", "runs Python in answers"),
    Package("httpx2>=2.16", "agents behind an endpoint"),
    Package("starlette>=0.40", "docendo serve, with uvicorn"),
    Package("uvicorn>=0.30", "docendo serve, with starlette"),
    Package("pyarrow>=15", "reads .parquet files"),
    Package("datasets>=4", "reads hub: datasets and dataset folders"),
    Package("peft>=0.17", "merges adapters in studies; loads exported adapters"),
    Package("trl>=1.16,<2", "the comparison with other trainers"),
)


def doctor(as_json: AsJson = False) -> None:
    """Check that everything a run needs is here.

    Names the command that installs what is missing. Exits with 1 if something required is
    missing.
    """
    findings = [*map(check_package, PACKAGES), *check_machine()]
    passed = all(finding.status != "missing" for finding in findings)
    if as_json:
        show_json({"passed": passed, "findings": [f._asdict() for f in findings]})
    else:
        _show(findings)
    if not passed:
        raise typer.Exit(1)


def check_package(package: Package) -> DoctorFinding:
    """Look for a package. A required one is imported, since a broken one is as good as none."""
    absent: Status = "missing" if package.module else "optional"
    fix = f"pip install '{package.requirement}'"
    try:
        # metadata alone would not notice a broken binary
        if package.module:
            importlib.import_module(package.module)
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return DoctorFinding(package.name, absent, "not installed", package.purpose, fix)
    except ImportError as error:
        return DoctorFinding(package.name, absent, str(error), package.purpose, fix)
    return DoctorFinding(package.name, "ok", version, package.purpose)


def _show(findings: list[DoctorFinding]) -> None:
    """What there is as a table; below it the fixes, whole, so that they can be copied."""
    report = table(["", "status", "found", "used for"])
    for finding in findings:
        report.add_row(
            safe(finding.name),
            safe(finding.status, _COLOURS[finding.status]),
            safe(finding.detail),
            safe(finding.purpose),
        )
    show(report)

    fixes = []
    for finding in findings:
        if finding.fix and finding.status != "ok":
            fixes.append(f"{finding.name}: {finding.fix}")
    if fixes:
        show("", *fixes)
