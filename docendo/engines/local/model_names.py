"""Names of models that are no Hugging Face id, without loading PyTorch."""

__all__ = ["EMBEDDED", "NANO", "TINY"]

EMBEDDED = "smollm2-135m-instruct"
NANO = "nano"
"""A Llama of 1.6 M parameters that reads bytes and learns in context, made by recipes/nano.py: for studies."""
TINY = "tiny"
"""A randomly initialised Llama of 0.1 M parameters with a byte vocabulary: for tests of the machinery."""
