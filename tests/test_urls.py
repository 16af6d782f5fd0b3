"""Which addresses are this machine."""

import pytest

from docendo.urls import is_loopback, is_loopback_host


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/v1",
        "http://127.0.0.1",
        "http://127.9.9.9:80",
        "http://[::1]:8/v1",
    ],
)
def test_loopback_addresses_are_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "http://127.0.0.1.nip.io",
        "x",
        "",
    ],
)
def test_other_addresses_are_not_this_machine(url: str) -> None:
    assert not is_loopback(url)


def test_a_host_is_judged_without_a_url() -> None:
    assert is_loopback_host("localhost")
    assert is_loopback_host("::1")
    assert not is_loopback_host("0.0.0.0")  # noqa: S104 - all interfaces, not this one
