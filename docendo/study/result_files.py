"""The files of a study's results: one small JSON file a training, STUDY/results/REGIME/ARM-SEED.json."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from docendo.errors import UserError
from docendo.store.atomic import write_atomically
from docendo.study.results import ArmResult, StudyResults, problem_counts

__all__ = ["STUDY_FILE", "load_study", "read_result", "result_path", "write_result"]

STUDY_FILE = "study.json"
"""Says what is compared in a study's folder."""


def result_path(study: Path, regime: str, arm: str, seed: int) -> Path:
    """Where the result of one training belongs."""
    return study / "results" / regime / f"{arm}-{seed}.json"


def write_result(study: Path, result: ArmResult) -> Path:
    """Write the result's file atomically and return its path. Raises RunError on a full disk."""
    path = result_path(study, result.regime, result.arm, result.seed)
    write_atomically(path, result.model_dump_json(indent=1).encode() + b"\n")
    return path


def read_result(path: Path) -> ArmResult:
    """The result in a file. Raises UserError, naming file and field, for anything else."""
    try:
        result = ArmResult.model_validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {_explain(error)}") from error

    # A file under another name would be counted as the training that its name says.
    expected = result_path(Path(), result.regime, result.arm, result.seed)
    if path.parts[-2:] != expected.parts[-2:]:
        content = f"{result.regime}, {result.arm}, seed {result.seed}"
        raise UserError(f"{path}: holds {content}; expected in {expected}")
    return result


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong, as one line."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"no field {place!r}"

    message = first["msg"].removeprefix("Value error, ")
    if not place:
        return message
    text = f"{place}: {message[0].lower()}{message[1:]}"
    value = first["input"]
    if isinstance(value, str | int | float | bool):
        text += f", got {ascii(value)[:60]}"
    return text


def load_study(folder: Path) -> StudyResults:
    """All results in a study's folder.

    Raises UserError where there are none, or where arms answered different problems.
    """
    paths = [
        path
        for path in folder.glob("results/*/*.json")
        if not path.name.startswith(".")  # what an operating system puts beside a copy
    ]
    if not paths:
        raise UserError(
            f"{folder}: no result of a study; expected results/REGIME/ARM-SEED.json in it"
        )
    results = list(map(read_result, sorted(paths)))
    results.sort(key=lambda result: (result.regime, result.arm, result.seed))

    file, regimes = _read_study_file(folder)
    # In the order of the study's file; a regime that was added by hand comes last.
    by_regime: dict[str, dict[str, dict[int, ArmResult]]] = {name: {} for name in regimes}
    for result in results:
        arms = by_regime.setdefault(result.regime, {})
        arms.setdefault(result.arm, {})[result.seed] = result

    finished = {name: arms for name, arms in by_regime.items() if arms}
    for arms in finished.values():
        _check_same_problems(arms)
    return StudyResults(folder.resolve().name, finished, file)


def _read_study_file(folder: Path) -> tuple[str, list[str]]:
    """The study's file and its regimes in order; nothing where the folder has results alone."""
    try:
        document = json.loads((folder / STUDY_FILE).read_bytes())
        regimes = list(map(str, document["study"]["regimes"]))
        return str(document.get("file", "")), regimes
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", []


def _check_same_problems(arms: Mapping[str, Mapping[int, ArmResult]]) -> None:
    """Raises UserError where two arms of a seed answered different numbers of problems."""
    first: dict[tuple[int, str], tuple[ArmResult, dict[str, int]]] = {}
    for results in arms.values():
        for seed, result in results.items():
            for name in ("test", "with_lesson", "ood"):
                answers = getattr(result.scores, name)
                if not answers:
                    continue

                counts = problem_counts(answers)
                reference, expected = first.setdefault((seed, name), (result, counts))
                if counts != expected:
                    raise UserError(
                        f"{result.regime}, seed {seed}: {result.arm} and {reference.arm} "
                        f"did not answer the same problems (scores.{name})"
                    )
