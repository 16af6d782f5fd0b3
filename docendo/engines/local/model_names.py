"""Names of models that are no Hugging Face id, without loading PyTorch."""

__all__ = ["EMBEDDED", "LABORATORY", "TINY"]

EMBEDDED = "smollm2-135m-instruct"
LABORATORY = ("nano", "nano-rules")
"""Llamas of 1.6 M parameters that read bytes and learn in context, for studies: recipes/nano.py
and recipes/nano_rules.py make them."""
TINY = "tiny"
"""A randomly initialised Llama of 0.1 M parameters with a byte vocabulary: for tests of the machinery."""
