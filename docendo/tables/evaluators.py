"""The tables of who judges."""

from docendo.tables.fields import Table

__all__ = ["EvaluatorConfig"]


class EvaluatorConfig(Table):
    """One evaluator of the pool."""
