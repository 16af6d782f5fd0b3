import pytest

from docendo.cli import doctor
from docendo.cli.doctor import Package, findings
from tests.cli.toys import docendo


def test_everything_that_the_tests_need_is_here() -> None:
    done = docendo("doctor", "--json")
    status = {f["name"]: f["status"] for f in done.json["findings"]}
    assert {
        status[name] for name in ("python", "torch", "transformers", "safetensors", "cores")
    } == {"ok"}
    assert done.code == (0 if done.json["passed"] else 1)
    assert all(f["fix"] for f in done.json["findings"] if f["status"] == "missing")


def test_what_is_missing_is_named_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packages = (Package("nosuchpackage", "nosuchpackage>=3", True, "does things"),)
    (found,) = [f for f in findings(packages) if f.name == "nosuchpackage"]
    assert (found.status, found.fix) == ("missing", "pip install 'nosuchpackage>=3'")
    monkeypatch.setattr(doctor, "findings", lambda: iter([found]))
    monkeypatch.setenv("COLUMNS", "120")
    done = docendo("doctor")
    assert done.code == 1
    assert "pip install 'nosuchpackage>=3'" in done.out


def test_what_is_not_needed_may_be_missing() -> None:
    packages = (Package("nosuchpackage", "nosuchpackage>=3", False, "does things"),)
    (found,) = [f for f in findings(packages) if f.name == "nosuchpackage"]
    assert (found.status, found.detail) == ("optional", "does things")
