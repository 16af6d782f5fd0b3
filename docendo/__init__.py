"""docendo trains a population of language-model agents that get better by teaching each other."""

__version__ = "0.1.0"
__all__ = ["__version__"]
