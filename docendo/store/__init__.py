"""A run on disk: everything that happened, and what is needed to go on from there."""

from docendo.store.checkpoints import Checkpoint
from docendo.store.rows import QuarantineRow, RoundRecord, RoundRow
from docendo.store.run import RunDirectory

__all__ = [
    "Checkpoint",
    "QuarantineRow",
    "RoundRecord",
    "RoundRow",
    "RunDirectory",
]
