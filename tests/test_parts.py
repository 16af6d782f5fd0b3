"""The one door for parts: a registered name, a table, or the user's own class or function."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from docendo.errors import UserError
from docendo.parts import (
    PARTS,
    ConfigModel,
    Part,
    PartConfig,
    UserPart,
    add_search_folder,
    default_part,
    describe_parts,
    load_part_class,
    parse_part,
    user_part_files,
)

HERE = __name__


class Halved:
    def __init__(self, scale: float = 0.5) -> None:
        self.scale = scale


class Watcher:
    def __init__(self, context: Any) -> None:
        self.context = context


def doubled(inputs: float, scale: float = 2.0) -> float:
    return inputs * scale


class TripledConfig(PartConfig):
    """Three times as much."""

    factor: int = 3

    def build(self, context: Any = None) -> Any:
        return partial(doubled, scale=self.factor)


class Table(ConfigModel):
    loss: Annotated[PartConfig, Part("loss", "ppo_clip")] = default_part(
        "loss", "policy_gradient"
    )
    trackers: list[Annotated[PartConfig, Part("tracker")]] = Field(default_factory=list)


def test_a_registered_name_and_a_table_give_the_same_part() -> None:
    assert parse_part("loss", "ppo_clip") == parse_part("loss", {"type": "ppo_clip"})
    part = parse_part("loss", {"type": "ppo_clip", "clip_high": 0.3})
    settings = part.model_dump()
    assert (settings["clip_low"], settings["clip_high"]) == (0.2, 0.3)
    assert parse_part("loss", part) is part


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ppo_clp", r"no loss 'ppo_clp'; did you mean 'ppo_clip'\? \(or your own"),
        (3, "expected the loss's name or a table with a type, got 3"),
        ({"clip_high": 0.3}, "expected the loss's name or a table with a type"),
        (
            {"type": "ppo_clip", "clip_hihg": 0.3},
            r"ppo_clip has no setting 'clip_hihg'; did you mean 'clip_high'\?",
        ),
        ({"type": "ppo_clip", "clip_high": "x"}, "ppo_clip: clip_high: .*, got 'x'"),
        ("nosuchmodule:Loss", "nosuchmodule:Loss: cannot be imported"),
        (f"{HERE}:Halve", f"{HERE} has no 'Halve'; did you mean 'Halved'"),
        (":Loss", "expected 'package.module:name', got ':Loss'"),
    ],
)
def test_a_wrong_part_is_refused_with_the_nearest(value: Any, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        parse_part("loss", value)


def test_a_missing_setting_of_a_part_is_named() -> None:
    with pytest.raises(UserError, match="file needs the setting 'file'"):
        parse_part("asker", "file")


def test_a_users_class_is_built_with_its_settings() -> None:
    part = parse_part("loss", {"type": f"{HERE}:Halved", "scale": 0.25})
    assert isinstance(part, UserPart)
    assert part.build().scale == 0.25
    with pytest.raises(UserError, match="unexpected keyword argument 'size'"):
        parse_part("loss", {"type": f"{HERE}:Halved", "size": 1}).build()


def test_a_users_function_is_used_as_it_is_or_with_its_settings() -> None:
    assert parse_part("loss", f"{HERE}:doubled").build() is doubled
    assert parse_part("loss", {"type": f"{HERE}:doubled", "scale": 5.0}).build()(2) == 10


def test_a_users_part_gets_the_context_if_it_asks_for_it() -> None:
    assert parse_part("loss", f"{HERE}:Watcher").build("the run").context == "the run"


def test_a_users_part_config_validates_its_own_settings() -> None:
    assert load_part_class("loss", f"{HERE}:TripledConfig") is TripledConfig
    part = parse_part("loss", {"type": f"{HERE}:TripledConfig", "factor": 4})
    assert part.build()(2) == 8
    with pytest.raises(UserError, match="has no setting 'faktor'; did you mean 'factor'"):
        parse_part("loss", {"type": f"{HERE}:TripledConfig", "faktor": 4})


def test_a_field_of_a_config_takes_names_tables_and_a_default() -> None:
    assert Table().loss.type == "policy_gradient"
    assert Table.model_validate({"loss": "gspo"}).loss.type == "gspo"
    without_type = Table.model_validate({"loss": {"clip_high": 0.3}})
    assert without_type.loss.model_dump()["type"] == "ppo_clip"


def test_a_part_is_written_as_its_name_where_it_has_no_settings() -> None:
    table = Table.model_validate({"loss": "ppo_clip", "trackers": ["jsonl"]})
    assert Table().model_dump()["loss"] == "policy_gradient"
    assert table.model_dump()["loss"]["type"] == "ppo_clip"
    assert Table.model_validate(table.model_dump()) == table


def test_every_registered_part_has_a_one_line_description() -> None:
    described = {(part.kind, part.name): part.summary for part in describe_parts()}
    assert described.keys() == {(kind, name) for kind in PARTS for name in PARTS[kind]}
    assert all(described.values())


def test_the_files_of_users_parts_are_found_at_any_depth() -> None:
    assert user_part_files(Table()) == []
    own = Table.model_validate(
        {"loss": f"{HERE}:doubled", "trackers": [f"{HERE}:Halved", "jsonl"]}
    )
    assert user_part_files(own) == [__file__]


def test_a_module_beside_the_config_never_replaces_an_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docendo.parts._search_folders", [])
    (tmp_path / "json.py").write_text("def dumps(): ...\n")
    (tmp_path / "own_beside_the_config.py").write_text("def loss(inputs): return 7\n")
    add_search_folder(tmp_path)
    assert parse_part("loss", "own_beside_the_config:loss").build()(None) == 7
    assert parse_part("loss", "json:dumps").build()({"a": 1}) == '{"a": 1}'
