"""Files that a config names are found from the config's folder."""

from pathlib import Path

import pytest

from docendo.config.agents import AgentConfig
from docendo.config.paths import anchor_agent, anchor_file, anchor_model, anchor_part
from docendo.config.sampling import DataConfig
from docendo.errors import UserError
from docendo.parts import parse_part

FOLDER = Path("/league")


@pytest.mark.parametrize(
    ("file", "anchored"),
    [
        ("rows.csv", "/league/rows.csv"),
        ("../rows.csv", "/rows.csv"),
        ("/data/rows.csv", "/data/rows.csv"),
        ("hub:owner/name", "hub:owner/name"),
        ("", ""),
        (None, None),
    ],
)
def test_a_file_is_found_from_the_folder(file: str | None, anchored: str | None) -> None:
    assert anchor_file(FOLDER, file) == anchored


@pytest.mark.parametrize(
    ("model", "anchored"),
    [
        ("own.gguf", "/league/own.gguf"),
        ("./own", "/league/own"),
        ("../models/own", "/models/own"),
        ("/models/own.gguf", "/models/own.gguf"),
        ("owner/name", "owner/name"),
        ("nano-rules", "nano-rules"),
    ],
)
def test_a_model_named_by_path_is_found_from_the_folder(model: str, anchored: str) -> None:
    assert anchor_model(FOLDER, model) == anchored


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(UserError, match="no file can have that name"):
        anchor_file(FOLDER, "a\0b")


def test_an_agent_keeps_its_tools_and_its_files_are_anchored() -> None:
    agent = AgentConfig(
        tools=["calculator", "dictionary:words.tsv"],
        data=DataConfig(files={"rows.csv": 2.0}, domains={"biology": 1.0}),
    )
    anchored = anchor_agent(FOLDER, agent)
    assert anchored.tools == ["calculator", "dictionary:/league/words.tsv"]
    assert anchored.data == DataConfig(
        files={"/league/rows.csv": 2.0}, domains={"biology": 1.0}
    )


def test_an_agent_without_files_is_unchanged() -> None:
    assert anchor_agent(FOLDER, AgentConfig(domain="biology")) == AgentConfig(
        domain="biology"
    )


def test_a_part_has_its_file_settings_anchored() -> None:
    part = parse_part("asker", {"type": "file", "file": "rows.csv"})
    assert anchor_part(FOLDER, part).model_dump()["file"] == "/league/rows.csv"
