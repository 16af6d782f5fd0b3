"""The domains that docendo brings along, by name."""

from collections.abc import Mapping
from functools import cache

from docendo.interfaces import Source
from docendo.parts import parse_part
from docendo.registry import PARTS

__all__ = ["built_in_domains"]


@cache
def built_in_domains() -> Mapping[str, Source]:
    """Every registered domain, by name; all of them are made by programs."""
    return {name: parse_part("domain", name).build() for name in PARTS["domain"]}
