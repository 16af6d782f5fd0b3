"""The settings of the local backend, which are light to import."""

from typing import Any

from docendo.backend import Backend
from docendo.parts import PartConfig

__all__ = ["LocalBackendConfig"]


class LocalBackendConfig(PartConfig):
    """The model in this process, on one device; the adapters of all agents share its batches."""

    type: str = "local"

    def build(self, context: Any = None) -> Backend:
        """The backend for the `BackendSettings` of a run, with no agent but the base."""
        # PyTorch is imported only where a model is loaded
        from docendo.engines.local.engine import open_engine

        return open_engine(context)
