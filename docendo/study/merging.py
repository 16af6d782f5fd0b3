"""Several adapters merged into one by PEFT: by average, or by TIES (Yadav et al. 2023).

TIES drops small and conflicting changes. The merged adapter has the sum of all ranks, so that
the average is exact and TIES loses nothing to a lower rank. An average of a lower rank keeps the
largest singular values.
"""

import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from docendo.backend import Backend
from docendo.build.backend import open_backend
from docendo.build.school import build_school
from docendo.config import AgentConfig
from docendo.config.load import Config
from docendo.engines.local.base_model import load_base
from docendo.errors import RunError, require_package
from docendo.records import AgentId
from docendo.run.session import Session

__all__ = [
    "AVERAGE",
    "MERGED",
    "MERGE_METHODS",
    "build_merged_backend",
    "merge_adapters",
    "merge_session",
]

MERGED = AgentId("merged")
AVERAGE = "svd"
"""PEFT's name of an average of any rank."""
MERGE_METHODS = {"average": "cat", "ties": "ties_svd"}
"""PEFT's name of each method."""
_DENSITY = 0.5
"""Share of an adapter's largest changes that TIES keeps."""


def build_merged_backend(backend: Backend, config: Config, method: str) -> Backend:
    """A backend with one agent, all learners of `backend` merged.

    Raises UserError where PEFT is not installed.
    """
    rank = config.engine.rank * len(config.learner_ids)
    with tempfile.TemporaryDirectory() as temporary:
        folders = {agent: Path(temporary, agent) for agent in config.learner_ids}
        for agent, folder in folders.items():
            backend.save_adapter(agent, folder, config.model)
        out = Path(temporary, "peft")
        adapter = merge_adapters(config, folders, MERGE_METHODS[method], rank, out)

        engine = config.engine.model_copy(update={"rank": rank, "alpha": float(rank)})
        agents = {MERGED: AgentConfig()}
        merged = open_backend(
            config.model_copy(update={"engine": engine, "agents": agents})
        )
        merged.load_adapter(MERGED, adapter)
    return merged


def merge_session(session: Session, method: str) -> Session:
    """A session with the merged agent, which writes nothing.

    It has the first agent's system prompt.
    """
    config = session.config
    backend = build_merged_backend(session.backend, config, method)
    school = build_school(config, session.catalog, backend)
    classroom = school.classroom
    first = classroom.instructions[AgentId(next(iter(config.learners)))]
    classroom = replace(classroom, instructions={**classroom.instructions, MERGED: first})
    return Session(
        config,
        session.catalog,
        backend,
        replace(school, classroom=classroom),
        session.monitors,
        session.callback,
    )


def merge_adapters(
    config: Config, folders: Mapping[AgentId, Path], peft_method: str, rank: int, out: Path
) -> Path:
    """The folder of the merged adapter, in `out`. Raises UserError where PEFT is not installed."""
    require_package("peft", "merging adapters", "study")
    from peft import PeftModel

    # Concatenation weighs each adapter by its share; TIES takes the sum of what agrees.
    weight = 1.0 if peft_method == "ties_svd" else 1 / len(folders)
    options: dict[str, float] = {} if peft_method == "cat" else {"svd_rank": rank}
    if peft_method == "ties_svd":
        options["density"] = _DENSITY
    base = load_base(
        config.model, torch.float32, torch.device("cpu"), config.engine.trust_remote_code
    )
    first, *rest = folders
    with warnings.catch_warnings():
        # PEFT reads a property of the model that transformers has renamed.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        model = PeftModel.from_pretrained(
            base.model, str(folders[first]), adapter_name=first
        )
        for agent in rest:
            model.load_adapter(str(folders[agent]), adapter_name=agent)
        model.add_weighted_adapter(
            list(folders),
            [weight] * len(folders),
            MERGED,
            combination_type=peft_method,
            **options,
        )
        # save_embedding_layers="auto" would ask the network for the base's configuration
        model.save_pretrained(
            str(out), selected_adapters=[MERGED], save_embedding_layers=False
        )

    adapter = out / MERGED
    if not adapter.is_dir():
        raise RunError(f"PEFT did not write the merged adapter to {adapter}")
    return adapter
