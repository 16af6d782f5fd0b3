import re
import sys
import tomllib
from pathlib import Path

import pytest

from docendo.cli import doctor
from docendo.cli.doctor import PACKAGES, Package, check_package
from docendo.engines.local.model_names import EMBEDDED
from tests.cli.toys import docendo, tiny_config

ROOT = Path(__file__).parents[2]
MISSING = Package("nosuchpackage>=3", "does things", "nosuchpackage")
OPTIONAL = Package("nosuchpackage>=3", "does things")


def test_every_package_that_the_tests_need_is_installed(tmp_path: Path) -> None:
    done = docendo("doctor", tiny_config(tmp_path), "--json")
    status = {f["name"]: f["status"] for f in done.json["findings"]}
    needed = ("python", "torch", "transformers", "safetensors", "cores", "this run")
    assert {status[name] for name in needed} == {"ok"}
    assert done.code == (0 if done.json["passed"] else 1)
    assert all(f["fix"] for f in done.json["findings"] if f["status"] == "missing")


def test_doctor_checks_every_package_of_the_extras_with_its_required_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {line for name, lines in extras.items() if name != "dev" for line in lines}
    assert wanted <= {package.requirement for package in PACKAGES}
    assert all(re.fullmatch("[a-z0-9-]+", package.name) for package in PACKAGES)


def test_an_installed_package_is_listed_with_its_version() -> None:
    finding = check_package(Package("pytest>=8", "runs tests"))
    assert (finding.name, finding.status, finding.fix) == ("pytest", "ok", "")
    assert finding.detail == pytest.__version__


def test_a_required_package_that_is_too_old_is_missing() -> None:
    finding = check_package(Package("pytest>=999", "runs tests", "pytest"))
    assert (finding.status, finding.detail) == ("missing", pytest.__version__)


def test_what_only_the_embedded_model_needs_is_optional_for_another_one() -> None:
    package = MISSING._replace(model=EMBEDDED)
    assert check_package(package, EMBEDDED).status == "missing"
    assert check_package(package, "tiny").status == "optional"


@pytest.mark.parametrize(
    ("package", "domain", "settings", "extra"),
    [
        (
            "math_verify",
            "mathematics",
            "evaluator = 'formula'\n[evaluators]\nformula.type = 'symbolic'",
            "judging",
        ),
        ("pydantic_monty", "programming", "", "sandbox"),
        ("llguidance", "biology", "[agents.emmy.grammar]\nregex = '[0-9]'", "grammar"),
    ],
)
def test_doctor_tries_what_the_settings_need_and_names_what_they_miss(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    domain: str,
    settings: str,
    extra: str,
) -> None:
    cast = f"[agents.emmy]\ndomain = '{domain}'\n[agents.ada]\ndomain = '{domain}'\n"
    config = tiny_config(tmp_path, f"{cast}[domains.{domain}]\n{settings}")
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(doctor, "PACKAGES", ())
    monkeypatch.setattr(doctor, "check_machine", tuple)
    done = docendo("doctor", config, "--json")
    (finding,) = done.json["findings"]
    assert (done.code, finding["status"]) == (1, "missing")
    assert finding["fix"] == f"pip install 'docendo[{extra}]'"


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = check_package(MISSING)
    assert (finding.status, finding.fix) == ("missing", "pip install 'nosuchpackage>=3'")
    monkeypatch.setattr(doctor, "PACKAGES", (MISSING,))
    monkeypatch.setattr(doctor, "check_machine", tuple)
    monkeypatch.setenv("COLUMNS", "60")
    done = docendo("doctor", "--set", "model=tiny")
    assert done.code == 1
    assert "\nnosuchpackage: pip install 'nosuchpackage>=3'\n" in done.out


def test_missing_optional_packages_do_not_fail_doctor() -> None:
    finding = check_package(OPTIONAL)
    assert (finding.status, finding.purpose) == ("optional", "does things")
