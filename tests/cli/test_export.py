"""The export command: an agent of a run as an adapter or a whole model."""

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoTokenizer

from docendo.engines.local.bundled_models import build_tiny_model
from docendo.records import AgentId, Message, Request
from docendo.run.agents import load_agents
from tests.cli.toys import docendo
from tests.engines.toys import PEFT_WARNS


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


@pytest.mark.filterwarnings(PEFT_WARNS)
def test_an_exported_adapter_answers_in_transformers_and_peft_as_in_the_run(
    finished: Path, here: Path
) -> None:
    docendo("export", finished, "emmy", "emmy")
    card = (here / "emmy" / "README.md").read_text()
    assert card.startswith('---\nbase_model: "tiny"\nlibrary_name: "peft"\n')
    tokenizer = AutoTokenizer.from_pretrained(here / "emmy")
    model = PeftModel.from_pretrained(build_tiny_model()[0].eval(), here / "emmy")

    agents = load_agents(finished)
    messages = (Message("user", "2 + 2?"),)
    request = Request(AgentId("emmy"), messages, 0, max_tokens=8, temperature=0.0)
    (own,) = agents.backend.sample([request])
    prompt = torch.tensor([own.prompt_tokens])
    written = model.generate(input_ids=prompt, max_new_tokens=8, do_sample=False)
    text = tokenizer.decode(written[0, prompt.shape[1] :], skip_special_tokens=True)
    assert text == own.text


def test_an_export_that_fails_leaves_nothing(
    finished: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    done = docendo("export", finished, "emmy", "emmy")
    assert done.code == 1
    assert "cannot write emmy: No space left on device" in done.err
    assert list(here.iterdir()) == []


def test_a_whole_model_is_exported_into_an_empty_folder(finished: Path, here: Path) -> None:
    (here / "model").mkdir()
    assert docendo("export", finished, "ada", "model", "--format", "merged").code == 0
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        p.name for p in (here / "model").iterdir()
    }
