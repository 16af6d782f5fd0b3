"""Names of models that are no Hugging Face id, without loading PyTorch."""

__all__ = ["EMBEDDED", "TINY"]

EMBEDDED = "smollm2-135m-instruct"
TINY = "tiny"
"""A randomly initialised Llama of 0.1 M parameters with a byte vocabulary: for tests of the machinery."""
