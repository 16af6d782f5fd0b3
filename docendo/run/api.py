"""The short way to run from Python: open a run, iterate over its rounds, close it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from docendo.build.backend import resolve_config
from docendo.build.parts import Parts
from docendo.config.load import Config, load_config, to_toml
from docendo.records import AgentId
from docendo.run.evaluation import accuracies
from docendo.run.opening import begin, open_session, resume_session
from docendo.run.session import Callback, Session
from docendo.store.rows import RoundRecord
from docendo.store.run import RunDirectory

__all__ = ["Run", "open_run", "resume_run"]


class _Silent:
    """A callback that shows nothing."""

    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...


@dataclass
class Run:
    """A run that is open. Use it in a ``with`` block; iterate `rounds` to run it."""

    session: Session
    directory: RunDirectory | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def rounds(self) -> Iterator[RoundRecord]:
        """The rounds that are left. With a folder, each is saved before it is yielded."""
        return self.session.rounds()

    def evaluate(self) -> dict[tuple[AgentId, str], float]:
        """Held-out accuracy by (agent, domain) of all learners, as they are now."""
        plan = self.session.evaluation_plan
        evaluations = plan.evaluate_all(self.session.last_round, include_remote=False)
        return accuracies(evaluations)

    def close(self) -> None:
        """Close the directory. Closing twice does nothing."""
        if self.directory:
            self.directory.close()


def open_run(
    config: Config | str | Path | None = None,
    *,
    folder: str | Path | None = None,
    parts: Parts | None = None,
    callback: Callback | None = None,
) -> Run:
    """A new run.

    `config` is a `Config`, a path to a TOML file, or None for the default league. Without `folder`
    nothing is written. `parts` are values that exist in Python only; the run says so in its
    provenance, and is resumed by whoever passes parts for the same places.
    Raises UserError where the config is wrong, or the folder exists.
    """
    settings = config if isinstance(config, Config) else load_config(config)
    resolved = resolve_config(settings)
    session = open_session(resolved, callback or _Silent(), parts=parts)
    if folder is None:
        return Run(session, None)

    directory = RunDirectory.create(folder, to_toml(resolved))
    begin(session, directory)
    return Run(session, directory)


def resume_run(
    folder: str | Path,
    *,
    parts: Parts | None = None,
    callback: Callback | None = None,
    force: bool = False,
) -> Run:
    """A run as it was after its newest checkpoint; it ends as if it had never been interrupted.

    Raises UserError where the run cannot go on, for example without a part that it was opened with.
    """
    with ExitStack() as undo:
        directory = undo.enter_context(RunDirectory.open(folder, write=True))
        config = resolve_config(load_config(directory.path / "config.toml"))
        session = resume_session(
            directory, config, callback or _Silent(), force=force, parts=parts
        )
        undo.pop_all()  # all went well: the run stays open
    return Run(session, directory)
