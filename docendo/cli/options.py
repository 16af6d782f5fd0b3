"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "ConfigFile",
    "DomainFile",
    "HtmlPage",
    "OnlyDomains",
    "RunPath",
    "Settings",
]

RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)
]
ConfigFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="CONFIG.toml",
        help="Settings. Default: the embedded three-expert league.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.NAME=VALUE",
        help="Change one setting; may be given several times.",
    ),
]
DomainFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="CONFIG.toml", help="Where domains of your own are described."
    ),
]
OnlyDomains = Annotated[
    list[str] | None, typer.Option("--domain", metavar="D", help="Only this domain.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]
HtmlPage = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a page with four pictures too.")
]
