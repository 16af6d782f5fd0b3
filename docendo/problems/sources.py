"""From a domain's or an asker's part in a config to a source of problems."""

from collections.abc import Callable
from typing import Any, NamedTuple

from docendo.errors import UserError
from docendo.interfaces import Source
from docendo.parts import PartConfig

__all__ = ["SourceContext", "build_source"]


class SourceContext(NamedTuple):
    """What a domain or an asker may know of its run when it is built."""

    domain: str
    """The name of the domain that it is to have."""
    own_source: Source | None
    """The domain's own program or file, None where it has none; always None for a domain."""
    find_person: Callable[[str], Any]
    """A simulated person of the run by name. Raises UserError for an unknown one."""
    seed: int = 0
    """Of the run."""


def build_source(part: PartConfig, context: SourceContext) -> Source:
    """The source that a part builds. A user's function is called for it.

    Raises UserError where the part is no source, or a source of another domain.
    """
    # a part of a user's module may be the source, or a function that makes it
    source = part.build(context)
    if callable(source) and not hasattr(source, "draw"):
        source = source()

    for attribute in ("domain", "levels", "draw"):
        if not hasattr(source, attribute):
            raise UserError(
                f"{part.type}: expected a source with domain, levels and draw; "
                f"got a {type(source).__name__} without {attribute}"
            )
    if source.domain != context.domain:
        raise UserError(
            f"{part.type}: expected a source of {context.domain!r}, got one of {source.domain!r}"
        )
    built: Source = source
    return built
