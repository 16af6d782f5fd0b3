"""Opening a run, tying it to a directory, and resuming it from its newest checkpoint."""

from docendo.build.backend import open_backend
from docendo.build.catalog import read_catalog
from docendo.build.monitors import build_monitors
from docendo.build.parts import Parts
from docendo.build.school import build_school
from docendo.config.load import Config, to_toml
from docendo.errors import UserError
from docendo.humans.rating import RatingQueue
from docendo.problems.catalog import Catalog
from docendo.records import Usage
from docendo.run.forgetting import outside_levels
from docendo.run.provenance import check_changes, compare_provenance, record_provenance
from docendo.run.session import Callback, Session
from docendo.store.rows import QuarantineRow
from docendo.store.run import RunDirectory

__all__ = ["begin", "open_session", "resume_session"]


def open_session(
    config: Config,
    callback: Callback,
    catalog: Catalog | None = None,
    parts: Parts | None = None,
) -> Session:
    """Builds everything and writes nothing.

    `config` is resolved; `catalog` holds its domains where they were read already; `parts` replace
    what the config says.
    """
    python_parts = parts or Parts()
    domains = catalog or read_catalog(config, python_parts.sources)
    outside_levels(domains, config.evaluation.ood_families, "evaluation.")
    backend = open_backend(config, python_parts.backend)
    ratings = RatingQueue()
    session = Session(
        config=config,
        catalog=domains,
        backend=backend,
        school=build_school(config, domains, backend, ratings, python_parts, callback.work),
        callback=callback,
        ratings=ratings,
        monitors=build_monitors(config.monitors),
        trackers=[*(part.build() for part in config.trackers), *python_parts.trackers],
        parts=python_parts,
    )
    ratings.now = lambda: session.last_round + 1
    return session


def begin(session: Session, directory: RunDirectory) -> None:
    """Tie a new session to the directory that will hold it."""
    session.directory = directory
    session.ratings.run = directory.path
    directory.note(
        provenance=record_provenance(
            session.config,
            session.backend.provenance(),
            session.parts.describe(),
            session.catalog.quarantined,
        )
    )
    bad_rows = session.catalog.quarantined
    directory.quarantine(
        [QuarantineRow(row.file, row.line, row.reason) for row in bad_rows]
    )


def resume_session(
    directory: RunDirectory,
    config: Config,
    callback: Callback,
    force: bool = False,
    parts: Parts | None = None,
) -> Session:
    """The session as it was after the newest valid checkpoint; later rounds are rolled back.

    What has changed since the run was last written is in `changes`, and noted in the run. Raises
    UserError where the run cannot go on with a change, or should not and `force` is not given, or
    where a part is missing that was put in from Python. Then the run is left as it is.
    """
    session = open_session(config, callback, parts=parts)
    checkpoint = directory.latest_checkpoint()
    present = record_provenance(
        config,
        session.backend.provenance(),
        session.parts.describe(),
        session.catalog.quarantined,
    )
    session.changes = compare_provenance(directory.noted("provenance"), present)
    check_changes(session.changes, directory.path, force)

    if checkpoint:
        session.restore(checkpoint.round, checkpoint.path, checkpoint.state)
    # All that may refuse comes first: a run that cannot go on is left as it was.
    _check_rounds(session, directory)

    # Rounds after the checkpoint are played again, from the weights that it holds.
    directory.rollback(session.last_round)
    session.directory = directory
    session.ratings.run = directory.path
    session.monitors.recall(directory.metric_series())
    session.ledger.book(Usage(*row) for row in directory.ledger())

    if session.changes:
        changes = list(directory.noted("changes") or [])
        for change in session.changes:
            changes.append({"round": session.last_round, **change._asdict()})
        directory.note(changes=changes)
    directory.note(provenance=present)
    if to_toml(config) != directory.config_toml:
        directory.change_config(to_toml(config))
    return session


def _check_rounds(session: Session, directory: RunDirectory) -> None:
    """Raises UserError where the settings ask for fewer rounds of teaching than there were."""
    is_changed = any(change.what == "teaching.rounds" for change in session.changes)
    rounds = session.config.teaching.rounds
    taught = session.last_round + 1 - session.expert_rounds
    if is_changed and rounds <= taught:
        raise UserError(
            f"{directory.path}: teaching.rounds = {rounds}, but {taught} have been played; "
            "expected more than that"
        )
