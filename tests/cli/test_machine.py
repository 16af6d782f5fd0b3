"""What this machine can do, check by check; a missing package hides no other check."""

import builtins
from typing import Any

import pytest

from docendo.cli.machine import check_machine


def test_every_check_has_a_state_a_purpose_and_a_fix_where_it_is_needed() -> None:
    findings = list(check_machine())
    assert findings[0].name == "python"
    for finding in findings:
        assert finding.detail
        assert finding.purpose
        assert finding.status != "missing" or finding.fix, finding


def test_without_torch_the_other_checks_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [finding.name for finding in check_machine()]
    real = builtins.__import__

    def without_torch(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "torch":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    findings = list(check_machine())
    assert [finding.name for finding in findings] == names
    missing = [finding for finding in findings if finding.detail == "unknown without torch"]
    assert missing
    assert {finding.fix for finding in missing} == {"pip install 'torch>=2.5'"}
