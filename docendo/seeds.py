"""Seeds are addresses: a draw depends on where it is in the run, not on what ran before it."""

from hashlib import blake2b

__all__ = ["seed_for"]


def seed_for(run: int, *address: str | int) -> int:
    """A 63-bit seed for one draw, e.g. ``seed_for(run, "lesson", round, match, k)``.

    Unlike ``hash``, the value is equal across processes, platforms and Python versions.
    """
    text = "/".join(map(repr, (run, *address)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
