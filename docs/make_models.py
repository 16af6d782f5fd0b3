"""Writes docs/models.md; ``--check`` only tells whether it is up to date.

The table comes from tiny random models of every family, which takes minutes.
"""

import sys
import tempfile
from pathlib import Path

from write_page import write_or_check

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("models.md")
HEAD = """# Base models

A run's base model is named by `model`:

| `model =` | what it is |
|---|---|
| `"smollm2-135m-instruct"` | the embedded model, the default |
| `"nano"`, `"nano-rules"`, `"tiny"` | models for studies and for tests |
| `"Qwen/Qwen3-0.6B"` | a causal language model of the Hugging Face hub |
| `"./my-model"` | a folder with such a model |
| `"./my-model.gguf"` | a GGUF file |

A path is found from the config's folder. Weights are read from safetensors or GGUF, never from pickle files.

## GGUF files

Any file works that transformers reads, and whose family works. docendo converts it once, into its cache folder
(`DOCENDO_CACHE`, by default `~/.cache/docendo`). That takes minutes for billions of weights. The copy is found by the
file's content and by `engine.dtype`, and needs 2 bytes for each weight in bfloat16 or 4 in float32. The tokenizer and
the chat template are the file's own.

## What is checked when a model is loaded

* The model computes two short texts by itself and then with docendo's attention, side by side in one batch. States
  and logits must agree. The windows of layers are shortened meanwhile, so that a wrong one would show.
* Every weight must be in the checkpoint, and every token must have a row of embeddings.

A model that fails is refused in one line, and no run starts. These are refused:

* layers without attention (Mamba, convolutions), attention sinks, capped scores or logits, chunks of attention;
* layers with heads of different sizes, and an output head with a bias;
* weights quantised to 4 or 8 bits (bitsandbytes, GPTQ, AWQ, FP8, MXFP4). A quantised GGUF file works.

A rotary embedding that changes with the length of the text (`dynamic`, `longrope`) is used up to the length of the
model's training.

## What is adapted

Every linear layer that reads all tokens gets an adapter. In a mixture of experts these are attention and shared
experts. The routed experts and their router stay as they are.

## Families

Each line was tried with a random model of that family in transformers {version}, with a window of 8 tokens where it
has windows. Sampled log-probabilities and scores equal those of transformers' own pass within 0.0001, also for texts
longer than the window. So do the gradients of the adapters. `python docs/make_models.py` tries them again.

"fused" is docendo's own pass, which is [faster](performance.md#its-own-pass-and-transformers). A model's layers say
whether it has it, not its name. They have RMS norms, before or behind their halves. Queries and keys may have norms.
Projections may be joined. Some layers may lack rotary embedding. The states must be transformers' own.

"transformers'" is the pass of transformers with docendo's attention. Heads that turn in part, as Phi-4-mini's, need it.
Phi-3 with `longrope` is fused.

| family | works | pass, or why not |
|---|---|---|
"""


def page() -> str:
    """The whole page: a row per family."""
    sys.path.insert(0, str(ROOT))
    import transformers

    from tests.engines.families import FAMILIES, judge

    rows = []
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            verdict = judge(family, Path(folder))
        rows.append(f"| `{family}` | {'yes' if verdict.works else 'no'} | {verdict.text} |")
    return HEAD.format(version=transformers.__version__) + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), __file__))
