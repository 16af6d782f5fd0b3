import re
import tomllib
from pathlib import Path

import pytest

from docendo.cli import doctor
from docendo.cli.doctor import PACKAGES, Package, check_package
from tests.cli.toys import docendo

ROOT = Path(__file__).parents[2]
MISSING = Package("nosuchpackage>=3", "does things", "nosuchpackage")
OPTIONAL = Package("nosuchpackage>=3", "does things")


def test_every_package_that_the_tests_need_is_installed() -> None:
    done = docendo("doctor", "--json")
    status = {f["name"]: f["status"] for f in done.json["findings"]}
    needed = ("python", "torch", "transformers", "safetensors", "cores")
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


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = check_package(MISSING)
    assert (finding.status, finding.fix) == ("missing", "pip install 'nosuchpackage>=3'")
    monkeypatch.setattr(doctor, "PACKAGES", (MISSING,))
    monkeypatch.setenv("COLUMNS", "60")
    done = docendo("doctor")
    assert done.code == 1
    assert "\nnosuchpackage: pip install 'nosuchpackage>=3'\n" in done.out


def test_missing_optional_packages_do_not_fail_doctor() -> None:
    finding = check_package(OPTIONAL)
    assert (finding.status, finding.purpose) == ("optional", "does things")
