"""People as whom a model may ask: small records in a TOML file."""

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from docendo.errors import UserError, suggestion

__all__ = ["Persona", "read_personas"]

_LONGEST = 80


class Persona(NamedTuple):
    name: str
    who: str
    """Name, age, what the person does and where."""
    expertise: str
    interest: str
    manner: str


def read_personas(names: Sequence[str] = (), path: Path | None = None) -> list[Persona]:
    """Those of these names, all where none is given, of the shipped ones or of a file of the user's.

    Raises UseError for a file that cannot be read or is not of this form, and for a name that is not in it.
    """
    where = str(path or "the shipped personas")
    try:
        source = (
            path.read_text()
            if path
            else files("docendo.asking").joinpath("personas.toml").read_text()
        )
        table = tomllib.loads(source)
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{where}: is not TOML: {error}") from error
    found = {name: _persona(name, fields, where) for name, fields in table.items()}
    for name in names:
        if name not in found:
            raise UserError(f"{where}: no persona {name!r}{suggestion(name, found)}")
    return [found[name] for name in names or found]


def _persona(name: str, fields: object, where: str) -> Persona:
    wanted = Persona._fields[1:]
    if not isinstance(fields, dict) or set(fields) != set(wanted):
        got = ", ".join(map(str, fields)) if isinstance(fields, dict) else repr(fields)
        raise UserError(
            f"{where} [{name}]: a persona has {', '.join(wanted)}; got {got[:_LONGEST]}"
        )
    for key, text in fields.items():
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST or "\n" in text:
            wish = f"wanted a line of at most {_LONGEST} characters"
            raise UserError(f"{where} [{name}] {key}: {wish}, got {str(text)[:60]!r}")
    return Persona(name, *(fields[key] for key in wanted))
