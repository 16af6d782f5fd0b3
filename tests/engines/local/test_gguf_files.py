"""A model in a GGUF file is used by its path; what is wrong with one is said in a line."""

import sys
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from docendo.engines.local import gguf_files
from docendo.engines.local.base_model import load_base
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.gguf_files import check_gguf, convert_gguf, gguf_folder
from docendo.errors import RunError, UserError
from docendo.records import BASE
from tests.engines.toys import CPU, ask, open_toy

TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
BLOCK = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def random_qwen() -> Any:
    config = Qwen2Config(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    return Qwen2ForCausalLM(config).eval()


def write_gguf(path: Path, kind: str = "qwen2") -> Path:
    """The random Qwen with the bytes' tokenizer and a chat template of its own."""
    model, (_, tokenizer) = random_qwen(), build_tiny_model()
    writer = gguf.GGUFWriter(path, kind)
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)

    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([*tokenizer.convert_ids_to_tokens(range(256)), "ab"])
    writer.add_token_types([gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * 256)
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(0)
    writer.add_chat_template(TEMPLATE)

    names = {"model.embed_tokens.weight": "token_embd.weight"}
    names["model.norm.weight"] = "output_norm.weight"
    for theirs, mine in BLOCK.items():
        for part in ("weight", "bias"):
            names[f"model.layers.0.{theirs}.{part}"] = f"blk.0.{mine}.{part}"
    for name, weight in model.state_dict().items():
        if name in names:
            writer.add_tensor(names[name], weight.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_gguf_file_is_used_with_its_own_weights_tokenizer_and_template(
    tmp_path: Path, cache: Path
) -> None:
    path = write_gguf(tmp_path / "own.gguf")
    engine = open_toy(str(path))
    expected = random_qwen().state_dict()
    assert engine.base.context == 128
    assert torch.equal(engine.network.head_Vd, expected["model.embed_tokens.weight"])
    assert engine.tokens.chat is not None
    ids = engine.tokens.prompt(ask(BASE, "ab").messages)
    assert engine.tokens.decode(ids) == "<user>ab"

    # the second time the file's content alone is looked at
    (folder,) = cache.iterdir()
    made = folder.stat().st_mtime_ns
    assert load_base(str(path), torch.float32, CPU).context == 128
    assert [made] == [folder.stat().st_mtime_ns for folder in cache.iterdir()]


def test_the_copy_is_found_by_content_and_number_format(tmp_path: Path) -> None:
    one, other = write_gguf(tmp_path / "x.gguf"), write_gguf(tmp_path / "y.gguf")
    folder = gguf_folder(one, torch.float32)
    one.write_bytes(one.read_bytes()[:-4] + b"\0\0\0\0")
    names = {folder.name, gguf_folder(one, torch.float32).name}
    names |= {gguf_folder(other, dtype).name for dtype in (torch.float32, torch.bfloat16)}
    assert len(names) == 4


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-9000], "is the file whole?"),
        (lambda content: content[:200], "is the file whole?"),
        (lambda content: content.replace(b"qwen2", b"qwenx"), "qwenx is not supported"),
        (lambda content: b"PK" + content, "is not a GGUF file; expected one, a folder"),
        (lambda content: b"", "is not a GGUF file"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_leaves_nothing(
    tmp_path: Path, cache: Path, damage: Any, said: str
) -> None:
    path = write_gguf(tmp_path / "own.gguf")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError) as refusal:
        load_base(str(path), torch.float32, CPU)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not cache.exists()


@pytest.mark.parametrize("package", ["gguf", "accelerate"])
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"{package} is missing; run: .*docendo\[local\]"):
        check_gguf(path)


class Writer:
    """As a model or a tokenizer: it is saved as `write` says."""

    def __init__(self, write: Any) -> None:
        self.save_pretrained = write


def test_a_full_disk_is_a_run_error_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(folder: Path) -> None:
        (folder / "config.json").write_text("{}")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf_files, "_read", lambda *_: (Writer(fill), Writer(fill)))
    with pytest.raises(RunError, match="No space left on device; set DOCENDO_CACHE"):
        convert_gguf(tmp_path / "own.gguf", "own", torch.float32)
    assert not list(cache.iterdir())


def test_the_copy_of_a_faster_process_is_used(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race(folder: Path) -> None:
        (folder / "config.json").write_text("mine")
        (cache / "own").mkdir()
        (cache / "own" / "config.json").write_text("theirs")

    monkeypatch.setattr(
        gguf_files, "_read", lambda *_: (Writer(race), Writer(lambda folder: None))
    )
    folder = convert_gguf(tmp_path / "own.gguf", "own", torch.float32)
    assert [path.name for path in cache.iterdir()] == ["own"]
    assert (folder / "config.json").read_text() == "theirs"
