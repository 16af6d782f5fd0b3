"""Questions about addresses of servers."""

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_loopback", "is_loopback_host"]


def is_loopback(url: str) -> bool:
    """Whether a URL's address is this machine's own."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether a host, a name or an address, is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
