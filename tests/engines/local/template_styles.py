"""Chat templates in the styles of well-known families, and small tokenizers to read them with."""

from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIAL = [
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin|>",
    "<|header|>",
    "<|/header|>",
    "<|eot|>",
    "<turn>",
    "</turn>",
    "[INST]",
    "[/INST]",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|end|>",
    "<think>",
    "</think>",
]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# a default system prompt where none is given
QWEN_25 = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nYou are kind.<|im_end|>\n{% endif %}"
    + CHATML
)
# strips thoughts from earlier turns, and can be told not to think
QWEN_3 = (
    "{% for m in messages %}{% set c = m.content %}"
    "{% if m.role == 'assistant' and '</think>' in c %}{% set c = c.split('</think>')[-1].lstrip('\n') %}"
    "{% endif %}<|im_start|>{{ m.role }}\n{{ c }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}"
)
# writes today's date, trims content
LLAMA_3 = (
    "{{ bos_token }}{% if not date_string is defined %}"
    "{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "<|header|>system<|/header|>\n\nToday: {{ date_string }}\n\n{{ system }}<|eot|>"
    "{% for m in messages %}<|header|>{{ m.role }}<|/header|>\n\n{{ m.content | trim }}<|eot|>"
    "{% endfor %}{% if add_generation_prompt %}<|header|>assistant<|/header|>\n\n{% endif %}"
)
# no system role, strict alternation
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}"
    "{% endif %}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}"
    "<turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}</turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<turn>model\n{% endif %}"
)
# the system prompt stands in the first user message
MISTRAL_OLD = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set system = messages[0].content + '\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "[INST] {{ system if loop.first else '' }}{{ m.content }} [/INST]"
    "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
# and here in the last one
MISTRAL_NEW = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set system = messages[0].content + '\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "[INST] {{ system if loop.last else '' }}{{ m.content }}[/INST]"
    "{% else %} {{ m.content | trim }}{{ eos_token }}{% endif %}{% endfor %}"
)
PHI_3 = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
)
PHI_4 = (
    "{% for m in messages %}<|im_start|>{{ m.role }}<|header|>{{ m.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant<|header|>{% endif %}"
)
# the date by a function, metadata around the system prompt
GRANITE = (
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = 'You are kind.' %}{% endif %}"
    "<|header|>system<|/header|>Today's date: {{ strftime_now('%B %d, %Y') }}.\n{{ system }}<|eot|>\n"
    "{% for m in messages %}<|header|>{{ m.role }}<|/header|>{{ m.content }}<|eot|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|header|>assistant<|/header|>{% endif %}"
)
SMOLLM_3 = (
    "<|im_start|>system\n## Metadata\n\nReasoning: {{ '/no_think' if enable_thinking is defined "
    "and not enable_thinking else '/think' }}\n\n"
    "{% if messages[0].role == 'system' %}{{ messages[0].content | trim }}"
    "{% set messages = messages[1:] %}{% endif %}<|im_end|>\n" + CHATML
)
DEEPSEEK = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}"
    "{% elif m.role == 'user' %}<|user|>{{ m.content }}"
    "{% else %}<|assistant|>{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
OLMO_2 = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
# content is a list of parts
VISION = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}{{ part.text }}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# shows the last question a second time
REMINDER = (
    CHATML.split("{% if add_gen")[0] + "<|im_start|>system\nThe question was: "
    "{{ (messages | selectattr('role', 'equalto', 'user') | list | last).content }}<|im_end|>\n"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

STYLES = {
    "chatml": CHATML,
    "qwen 2.5": QWEN_25,
    "qwen 3": QWEN_3,
    "llama 3": LLAMA_3,
    "gemma": GEMMA,
    "mistral old": MISTRAL_OLD,
    "mistral new": MISTRAL_NEW,
    "phi 3": PHI_3,
    "phi 4": PHI_4,
    "granite": GRANITE,
    "smollm 3": SMOLLM_3,
    "deepseek": DEEPSEEK,
    "olmo 2": OLMO_2,
    "vision": VISION,
    "reminder": REMINDER,
}
END_OF_TURN = {
    "llama 3": "<|eot|>",
    "gemma": "</turn>",
    "mistral old": "</s>",
    "mistral new": "</s>",
    "phi 3": "<|end|>",
    "granite": "<|eot|>",
    "deepseek": "</s>",
    "olmo 2": "</s>",
}
"""The token behind an answer; ``<|im_end|>`` where it is not here."""


def byte_level() -> Any:
    """Bytes with a few merges, as GPT-2's kind has them."""
    vocabulary = {
        letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))
    }
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("Ċ", "Ċ"), ("Ċ", "Ġ")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentencepiece_model() -> Any:
    letters = [chr(i) for i in range(33, 127)] + ["▁", "\n", "é"]
    vocabulary = {"<unk>": 0}
    for i in range(256):
        vocabulary[f"<0x{i:02X}>"] = len(vocabulary)
    for letter in letters:
        vocabulary[letter] = len(vocabulary)
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("▁", "▁")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    # as in Llama 2 and Mistral, the names of control tokens are pieces of the vocabulary
    for name in SPECIAL[:2]:
        vocabulary[name] = len(vocabulary)
    return models.BPE(
        vocab=vocabulary,
        merges=merges,
        unk_token="<unk>",  # noqa: S106
        byte_fallback=True,
    )


def metaspace(scheme: str) -> Any:
    """Sentencepiece's kind; `scheme` says where a space is put before a text."""
    tokenizer = Tokenizer(_sentencepiece_model())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def legacy_llama() -> Any:
    """As Llama 2's: a normalizer puts the space before every piece of a text."""
    tokenizer = Tokenizer(_sentencepiece_model())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


TOKENIZERS = {
    "bytes": byte_level,
    "metaspace first": lambda: metaspace("first"),
    "metaspace always": lambda: metaspace("always"),
    "metaspace never": lambda: metaspace("never"),
    "legacy llama": legacy_llama,
}


def build_tokenizer(kind: str, style: str | None) -> Any:
    """A tokenizer of a kind with the control tokens of all styles, and one style's template."""
    tokenizer = TOKENIZERS[kind]()
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in SPECIAL])
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
    )
    made.chat_template = STYLES[style] if style else None
    return made
