"""The export command: an agent of a run as an adapter or a whole model."""

import json
from pathlib import Path

from safetensors.torch import load_file

from tests.cli.toys import docendo


def test_an_adapter_is_exported_in_the_format_of_peft(finished: Path, here: Path) -> None:
    assert "agent emmy after round 2" in docendo("export", finished, "emmy", "out/emmy").out
    config = json.loads((here / "out" / "emmy" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    mine = load_file(here / "out" / "emmy" / "adapter_model.safetensors")
    kept = load_file(
        sorted((finished / "checkpoints").iterdir())[-1]
        / "emmy"
        / "adapter_model.safetensors"
    )
    assert mine.keys() == kept.keys()
    assert all(bool((mine[name] == kept[name]).all()) for name in mine)
    assert [p.name for p in (here / "out").iterdir()] == ["emmy"]


def test_a_whole_model_is_exported_into_an_empty_folder(finished: Path, here: Path) -> None:
    (here / "model").mkdir()
    assert docendo("export", finished, "ada", "model", "--format", "merged").code == 0
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        p.name for p in (here / "model").iterdir()
    }
