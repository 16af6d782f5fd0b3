"""`docendo parts`: what can be chosen in a config, and by which name."""

from typing import Annotated

import typer

from docendo.cli.options import AsJson
from docendo.cli.output import show, show_json, table
from docendo.errors import UserError, suggestion

__all__ = ["parts"]


def parts(
    kind: Annotated[
        str | None, typer.Argument(help="Only parts of this kind, such as loss.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the parts that a config can name: losses, baselines, graders, curricula and others.

    Your own part is named as "package.module:name" wherever one of these names stands.
    """
    # it imports pydantic, which `docendo --help` need not wait for
    from docendo.parts import describe_parts
    from docendo.registry import PARTS

    if kind is not None and kind not in PARTS:
        raise UserError(f"no kind of part {kind!r}{suggestion(kind, PARTS)}")

    descriptions = [part for part in describe_parts() if kind in (None, part.kind)]
    if as_json:
        show_json([vars(part) for part in descriptions])
        return
    listing = table(("kind", "name", "what it is"))
    for part in descriptions:
        listing.add_row(part.kind, part.name, part.summary)
    show(listing)
