"""Several adapters as one, by PEFT: their average, or TIES (Yadav et al. 2023): without small and contrary changes.

The merged adapter has the rank of all of them together, so that the average is exact and TIES loses nothing to it.
"""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import torch

from docendo.build.school import build_school
from docendo.config.load import Config
from docendo.engines.local.base_model import load_base
from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.engines.local.peft_format import load_adapter, save_adapter
from docendo.errors import RunError, UserError
from docendo.records import AgentId
from docendo.run.session import Session

__all__ = ["MERGED", "MERGE_METHODS", "build_merged_engine", "merge_session"]

MERGED = AgentId("merged")
MERGE_METHODS = {"average": "cat", "ties": "ties_svd"}
"""To PEFT's names."""
_DENSITY = 0.5
"""Share of an adapter's changes that TIES keeps; its largest."""


def build_merged_engine(engine: LocalEngine, config: Config, way: str) -> LocalEngine:
    """An engine whose one agent is all agents of `engine` in one. Raises UseError where PEFT is not installed."""
    agents = [AgentId(name) for name in config.learners]
    rank = config.engine.rank * len(agents)
    with tempfile.TemporaryDirectory() as made:
        folders = {agent: Path(made, agent) for agent in agents}
        for agent, folder in folders.items():
            save_adapter(engine.bank, agent, folder, config.model)
        merged = _merged(config, folders, MERGE_METHODS[way], rank, Path(made, "peft"))
        dtype, device = engine.bank.dtype, torch.device(config.engine.device)
        found = open_engine(
            load_base(config.model, dtype, device, config.engine.trust_remote_code),
            rank,
            float(rank),
            dtype,
            device,
            config.engine.kernels == "compiled",
        )
        found.rows, found.train_tokens = (
            config.engine.max_num_seqs,
            config.engine.max_tokens_per_microbatch,
        )
        found.bank.add(MERGED, config.seed)
        load_adapter(found.bank, MERGED, merged)
    return found


def merge_session(session: Session, way: str) -> Session:
    """A session that writes nothing, in which the agents of another are one, with the first one's instruction."""
    config = session.config
    engine = build_merged_engine(session.engine, config, way)
    school = build_school(config, session.catalog, engine)
    room = school.classroom
    first = room.instructions[AgentId(next(iter(config.learners)))]
    room = replace(room, instructions={**room.instructions, MERGED: first})
    return Session(
        config, session.catalog, engine, replace(school, classroom=room), session.callback
    )


def _merged(
    config: Config, folders: dict[AgentId, Path], way: str, rank: int, out: Path
) -> Path:
    """The folder of the merged adapter."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise UserError(
            "merging adapters needs PEFT; run: pip install 'docendo[study]'"
        ) from error
    bare = load_base(
        config.model, torch.float32, torch.device("cpu"), config.engine.trust_remote_code
    ).model
    first, *rest = folders
    weights = [1 / len(folders)] * len(folders) if way == "cat" else [1.0] * len(folders)
    more = {} if way == "cat" else {"svd_rank": rank, "density": _DENSITY}
    with warnings.catch_warnings():
        # it reads a property of the model that transformers has renamed
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        model = PeftModel.from_pretrained(bare, str(folders[first]), adapter_name=first)
        for agent in rest:
            model.load_adapter(str(folders[agent]), adapter_name=agent)
        model.add_weighted_adapter(
            list(folders), weights, MERGED, combination_type=way, **more
        )
        # not "auto", which asks the network for the base's configuration
        model.save_pretrained(
            str(out), selected_adapters=[MERGED], save_embedding_layers=False
        )
    found = out / MERGED
    if not found.is_dir():
        raise RunError(f"PEFT did not write the merged adapter to {found}")
    return found
