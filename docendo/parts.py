"""The one door for exchangeable parts: what there is of each kind, and how a config names one.

A *part* fills a place of a run that a researcher may want to change: a loss, a baseline, a reward,
a curriculum, a grader, an asker, a tracker. A config names a part in one of four ways::

    loss = "ppo_clip"                                     # a registered name
    loss = { type = "ppo_clip", clip_high = 0.3 }        # with settings
    loss = "mypackage.losses:Huber"                       # your own class or function
    loss = { type = "mypackage.losses:Huber", delta = 2 } # with its arguments

A registered part is one file and one line in `docendo/registry.py`. The file holds the part and, beside it, a
subclass of `PartConfig` with the part's settings and a `build` method. Your own part needs no
registration: a `PartConfig` is used as it is, a class is called with the settings as keyword
arguments, a function is used as it is (with settings: as a `functools.partial`).

Naming a module in a config imports it, with your rights. Read a stranger's config before you run it.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import getdoc, isclass, signature
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from pydantic_core import PydanticCustomError, core_schema

from docendo.errors import UserError, suggestion
from docendo.registry import PARTS

__all__ = [
    "ConfigModel",
    "Part",
    "PartConfig",
    "PartDescription",
    "PythonPart",
    "UserPart",
    "add_search_folder",
    "as_part",
    "default_part",
    "describe_parts",
    "load_part_class",
    "parse_part",
    "user_part_files",
]

_search_folders: list[Path] = []


class ConfigModel(BaseModel):
    """A frozen model of settings: unknown names are errors, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PartConfig(ConfigModel):
    """The settings of one part. Subclasses add fields and say in `build` how the part is made."""

    type: str
    """The registered name, or ``package.module:name``."""

    def build(self, context: Any = None) -> Any:
        """The part. `context` is what parts of this kind may know of the run (see the kind's page)."""
        raise NotImplementedError

    def file_settings(self) -> dict[str, str]:
        """The settings that name files or folders of this machine, as they are written."""
        return {}

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        """A part without settings is written as its name alone."""
        settings = handler(self)
        return settings["type"] if set(settings) == {"type"} else settings


class UserPart(PartConfig):
    """A class or function of the user's own, named as ``package.module:name``."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    def build(self, context: Any = None) -> Any:
        """The class called with the settings, or the function, with the settings as arguments.

        A callable that has a parameter named `context` is given the context, too.
        Raises UserError where the settings do not fit its parameters.
        """
        target = _import(self.type)
        settings = dict(self.model_extra or {})
        if _takes_context(target):
            settings["context"] = context

        if not isclass(target):
            return partial(target, **settings) if settings else target
        try:
            return target(**settings)
        except TypeError as error:
            raise UserError(f"{self.type}: {error}") from error


class PythonPart(PartConfig):
    """A part that was passed as a value from Python.

    `type` is where it was defined. Only a function or class at the top of a module can be found
    there again by another process.
    """

    _value: Any = PrivateAttr()

    def build(self, context: Any = None) -> Any:
        """The value itself."""
        return self._value


def as_part(value: Any) -> PartConfig:
    """A part's settings, or any other value as a part that is already built."""
    if isinstance(value, PartConfig):
        return value
    named = value if hasattr(value, "__qualname__") else type(value)
    part = PythonPart(type=f"{named.__module__}:{named.__qualname__}")
    part._value = value
    return part


class Part:
    """The annotation of a field that holds a part: ``loss: Annotated[PartConfig, Part("loss")]``."""

    def __init__(self, kind: str, default: str | None = None) -> None:
        """`default` is the type of a table that names none, as ``--set loss.clip_high=0.3`` makes."""
        self.kind = kind
        self.default = default

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A string or a table becomes the part's own model; a model stays what it is."""
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda part: part.model_dump(exclude_none=True)
            ),
        )

    def _validate(self, value: Any) -> PartConfig:
        if self.default and isinstance(value, Mapping) and "type" not in value:
            value = {"type": self.default, **value}
        try:
            return parse_part(self.kind, value)
        except UserError as error:
            raise PydanticCustomError(
                "part", "{message}", {"message": str(error)}
            ) from error


@dataclass(frozen=True)
class PartDescription:
    """One registered part, for a list."""

    kind: str
    name: str
    summary: str
    """The first line of its docstring."""


def parse_part(kind: str, value: Any) -> PartConfig:
    """The settings of a part from what a config says: a name, a table with `type`, or a `PartConfig`.

    Raises UserError that names the setting, what was expected and the nearest registered name.
    """
    if isinstance(value, PartConfig):
        return value
    table = {"type": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not isinstance(table.get("type"), str):
        raise UserError(f"expected the {kind}'s name or a table with a type, got {value!r}")

    part_class = load_part_class(kind, table["type"])
    try:
        return part_class.model_validate(table)
    except ValidationError as error:
        raise UserError(_explain_part(error, table["type"], part_class)) from None


def load_part_class(kind: str, name: str) -> type[PartConfig]:
    """The class of a part's settings: `name` is registered, or ``package.module:name``."""
    if ":" in name:
        target = _import(name)
        return target if isclass(target) and issubclass(target, PartConfig) else UserPart
    registered = PARTS[kind]
    if name not in registered:
        raise UserError(
            f"no {kind} {name!r}{suggestion(name, registered)} (or your own as 'package.module:name')"
        )
    loaded: type[PartConfig] = _import(registered[name])
    return loaded


def default_part(kind: str, name: str) -> Any:
    """The default of a config's field: a registered part, loaded only when a config is made."""
    return Field(default_factory=lambda: parse_part(kind, name))


def describe_parts() -> Iterator[PartDescription]:
    """Every registered part, by kind and name, with the first line of its docstring."""
    for kind in sorted(PARTS):
        for name in sorted(PARTS[kind]):
            summary = getdoc(load_part_class(kind, name)) or ""
            yield PartDescription(kind, name, summary.partition("\n")[0])


def user_part_files(config: BaseModel) -> list[str]:
    """The source files of the user's own parts that a config names, for its provenance."""
    files: list[str] = []
    for name in type(config).model_fields:
        files += _files_below(getattr(config, name))
    return sorted(set(files))


def _files_below(value: Any) -> list[str]:
    """The source files of users' parts in a setting, at any depth."""
    files: list[str] = []
    if isinstance(value, PartConfig) and ":" in value.type:
        # parsing the part has imported its module
        source_file = sys.modules[value.type.partition(":")[0]].__file__
        if source_file:
            files.append(source_file)
    if isinstance(value, BaseModel):
        files += user_part_files(value)
    if isinstance(value, Mapping):
        for entry in value.values():
            files += _files_below(entry)
    if isinstance(value, list | tuple):
        for entry in value:
            files += _files_below(entry)
    return files


def add_search_folder(folder: Path) -> None:
    """Let modules of users' parts be found in a folder, after everything that is installed."""
    resolved = folder.resolve()
    if resolved not in _search_folders:
        _search_folders.append(resolved)


def _import(reference: str) -> Any:
    """What ``package.module:name`` names. Raises UserError where there is no such thing."""
    module_name, _, attribute = reference.partition(":")
    if not module_name or not attribute:
        raise UserError(f"expected 'package.module:name', got {reference!r}")

    # At the end of the path: a user's random.py must not replace Python's own.
    added = [str(folder) for folder in _search_folders if str(folder) not in sys.path]
    sys.path.extend(added)
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise UserError(f"{reference}: cannot be imported: {error}") from error
    finally:
        for entry in added:
            sys.path.remove(entry)

    if not hasattr(module, attribute):
        raise UserError(
            f"{reference}: {module_name} has no {attribute!r}{suggestion(attribute, vars(module))}"
        )
    return getattr(module, attribute)


def _takes_context(target: Any) -> bool:
    try:
        return "context" in signature(target).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return False


def _explain_part(error: ValidationError, name: str, part_class: type[PartConfig]) -> str:
    """The first problem of a part's settings as one line."""
    problem = error.errors()[0]
    setting = ".".join(str(place) for place in problem["loc"]) or "settings"
    settings = set(part_class.model_fields) - {"type"}
    for name_of_table, field in part_class.model_fields.items():
        table = field.annotation
        if isclass(table) and issubclass(table, BaseModel):
            settings.update(f"{name_of_table}.{inner}" for inner in table.model_fields)

    if problem["type"] == "extra_forbidden":
        return f"{name} has no setting {setting!r}{suggestion(setting, settings)}"
    if problem["type"] == "missing":
        return f"{name} needs the setting {setting!r}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{name}: {setting}: {message[0].lower()}{message[1:]}, got {problem['input']!r}"
