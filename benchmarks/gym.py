"""Audits every task of reasoning-gym; writes `docendo/datasets/reasoning_gym.toml`: sound ones and their grading.

A task is refused for what is measured here (an item that differs between two processes, no answer, several lines, a
right answer that does not score, a wrong one that does, slowness) and for what reading its scorer showed (`READ`).

    python benchmarks/gym.py                    # both passes, then the file; some minutes
    python benchmarks/gym.py --facts FILE -n 600 # one pass, as JSON
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any

from docendo.datasets.reasoning_gym import VERSION, GymItem
from docendo.graders.answer import exact, never_raises
from docendo.records import Problem

LEVELS, LONGEST, SLOWEST, PATIENCE = 5, 200, 0.2, 5
BUDGET = 0.25
"""Seconds for the items of a level; at least 8 are made."""
SPAN = 99_991
"""Items are taken from the first so many."""
SCORED = {
    "cryptarithm": "letters may come in any order, and a sum may have several solutions",
    "fraction_simplification": "57/83 and LaTeX are one fraction",
    "graph_color": "many colourings",
    "group_anagrams": "groups in any order",
    "jugs": "many ways",
    "knights_knaves": "names in any order",
    "knight_swap": "several shortest ways",
    "palindrome_generation": "many palindromes",
    "palindrome_partitioning": "parts in any order",
    "prime_factorization": "factors in any order",
    "shortest_path": "several shortest ways",
}
"""Tasks with several right answers whose own scorer was read and found sound, and why `exact` is not enough."""
READ = {
    "acre": "the whole data set is made in advance",
    "advanced_geometry": "its answers are rounded in more than one way",
    "arc_1d": "some of its items are never finished",
    "codeio": "many inputs give the same output, and only one counts",
    "complex_arithmetic": "its scorer takes 'nan' for right",
    "coin_flip": "0.5 and 1/2 are both right, and its scorer hangs on '1e99999999'",
    "composite": "is made of other tasks",
    "countdown": "its scorer runs the answer as Python",
    "intermediate_integration": "its scorer runs the answer as Python",
    "letter_jumble": "some words have anagrams, and only one counts",
    "n_queens": "its scorer runs the answer as Python",
    "number_sequence": "some of its items are never finished",
    "polynomial_equations": "the right answer may be empty",
    "polynomial_multiplication": "its scorer runs the answer as Python",
    "power_function": "its answers are not in the form that it asks for",
    "puzzle24": "its scorer runs the answer as Python",
    "quantum_lock": "its scorer reads letters out of any sentence",
    "sentence_reordering": "several orders read well, and only one counts",
    "simple_integration": "its scorer runs the answer as Python",
    "sokoban": "its scorer ignores what is no move",
    "time_intervals": "depends on today's date",
    "tsumego": "more than one move may capture, and only one counts",
    "word_ladder": "gives other answers in another process",
}
"""Tasks that are refused for what their source says."""
HIGHEST = {"basic_arithmetic": 2}
"""Levels beyond which some answers are wrong, as benchmarks/gym_answers.py shows: -469 / -(1723) is not 0."""
WRONG = ["", " ", "nan", "inf", "-inf", "None", "null", "True", "[]", "{}", '""', "[[]]", "...", "0/0", "1e999", "???",
         "I do not know", "Solution:", " ".join(map(str, range(40)))]  # fmt: skip


class Late(BaseException):
    """A level took too long."""


def facts(task: str, level: int, count: int) -> dict[str, Any]:
    """What is seen of `count` items of a task at a level."""
    start, items, broken = time.perf_counter(), [], 0
    for k in range(count):
        if k >= 8 and time.perf_counter() - start > BUDGET:
            break
        item = GymItem(task, level, k * 104729 * 7919 % SPAN)
        try:
            items.append((item, item.entry()))
        except (
            ArithmeticError,
            AssertionError,
            LookupError,
            RuntimeError,
            ValueError,
        ) as error:
            broken += 1
            fault = f"{type(error).__name__}: {error}"[:100]
    seconds = (time.perf_counter() - start) / (len(items) + broken)
    if not items:
        return {"fault": fault}
    answers = [e["answer"] for _, e in items]
    texts = [str(a).strip() for a in answers]
    own = [
        right(item, "" if a is None else str(a))
        for (item, _), a in zip(items, answers, strict=True)
    ]
    same = [graded_exactly(e, f"Answer: {e['answer']}") for _, e in items]
    wrong = {
        w
        for item, e in items
        for w in WRONG
        if w.strip() != str(e["answer"]).strip() and right(item, w.strip())
    }
    echo = [
        right(item, e["question"].strip().splitlines()[-1][:LONGEST]) for item, e in items
    ]
    return {
        "seconds": seconds, "broken": broken, "none": sum(a is None or not str(a).strip() for a in answers),
        "lines": sum("\n" in t for t in texts), "long": sum(len(t) > LONGEST for t in texts),
        "own": sum(own) / len(own), "exact": sum(same) / len(same), "wrong": sorted(wrong), "echo": sum(echo),
        "made": [[e["question"], str(e["answer"])] for _, e in items],
        "commonest": Counter(texts).most_common(1)[0][1] / len(texts),
        "different": len({e["question"] for _, e in items}) / len(items),
        "prompt": median(len(e["question"]) for _, e in items),
    }  # fmt: skip


def graded_exactly(entry: dict[str, Any], text: str) -> bool:
    problem = Problem("gym", "task", 1, entry["question"], str(entry["answer"]).strip())
    return never_raises(exact)(problem, text).score == 1


def right(item: GymItem, answer: str) -> bool:
    """Whether the task's own scorer takes an answer for right, as ByTask asks it."""
    if not answer:
        return False
    try:
        return item.score(answer) >= 0.99
    except Exception:  # noqa: BLE001
        return False


def levels_of(task: str) -> int:
    from reasoning_gym.factory import CURRICULA

    if task not in CURRICULA:
        return 1
    steps = [len(a.levels) for a in CURRICULA[task]().attributes.values()]
    return max(1, min(LEVELS, max(steps, default=1)))


def one_pass(file: Path, count: int) -> None:
    from reasoning_gym.factory import DATASETS

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    GymItem("chain_sum", 1, 0).entry()  # the library is loaded before anything is timed
    found: dict[str, list[dict[str, Any]]] = {}
    for task in sorted(set(DATASETS) - set(READ)):
        found[task] = []
        for level in range(1, levels_of(task) + 1):
            signal.setitimer(
                signal.ITIMER_REAL, PATIENCE, 1
            )  # again, since some tasks catch whatever is raised
            try:
                found[task].append(facts(task, level, count))
            except Late:
                found[task].append({"fault": f"takes over {PATIENCE} seconds"})
            except (AssertionError, ValueError, TypeError, KeyError, RuntimeError) as error:
                found[task].append({"fault": f"{type(error).__name__}: {error}"[:100]})
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if "fault" in found[task][-1]:
                break
        print(task, file=sys.stderr, flush=True)
    file.write_text(json.dumps(found))


def reason(task: str, fact: dict[str, Any], again: dict[str, Any]) -> str:
    """Why a level of a task is not taken; empty where it is."""
    if "fault" in fact or "fault" in again:
        return f"cannot be made ({fact.get('fault') or again.get('fault')})"
    if any(one != other for one, other in zip(fact["made"], again["made"], strict=False)):
        return "gives other problems in another process"
    if fact["none"]:
        return "gives no answer"
    if fact["lines"]:
        return "its answers have several lines"
    if fact["long"]:
        return f"its answers have over {LONGEST} characters"
    if fact["broken"]:
        return "some of its items cannot be made"
    if fact["seconds"] > SLOWEST and again["seconds"] > SLOWEST:
        return f"takes {fact['seconds']:.1f} seconds a problem"
    score = fact["own"] if task in SCORED else fact["exact"]
    if score < 1:
        return f"its right answers score {score:.2f}"
    if task in SCORED and fact["wrong"]:
        return f"its scorer takes {fact['wrong'][0]!r} for right"
    if fact["commonest"] > 0.9:
        return f"one answer is right for {fact['commonest']:.0%} of its problems"
    return ""


def judged(
    first: dict[str, Any], second: dict[str, Any]
) -> tuple[dict[str, int], dict[str, str]]:
    """Levels of the tasks that are taken, and the reasons of the others."""
    taken, bad = {}, dict(READ)
    for task, levels in first.items():
        why = [reason(task, *pair) for pair in zip(levels, second[task], strict=False)]
        sound = next((k for k, text in enumerate(why) if text), len(why))
        if sound:
            taken[task] = min(sound, HIGHEST.get(task, sound))
        else:
            bad[task] = why[0]
    return taken, bad


def written(taken: dict[str, int], bad: dict[str, str]) -> str:
    head = f"# The tasks of reasoning-gym {VERSION}. Written by benchmarks/gym.py.\n"
    rows = [
        f'{task} = {{ graded = "{"scored" if task in SCORED else "exact"}", levels = {levels} }}'
        for task, levels in sorted(taken.items())
    ]
    reasons = [
        f"{task} = {json.dumps(why, ensure_ascii=False)}"
        for task, why in sorted(bad.items())
    ]
    return "\n".join([head, "[tasks]", *rows, "\n[refused]", *reasons]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for what was measured")
    parser.add_argument("-n", type=int, default=600)
    options = parser.parse_args()
    if options.facts:
        one_pass(options.facts, options.n)
        return
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True, parents=True)
    passes = []
    for number in (1, 2):
        file = folder / f"{number}.json"
        command = [sys.executable, __file__, "--facts", str(file), "-n", str(options.n)]
        subprocess.run(
            command, check=True, env=os.environ | {"PYTHONHASHSEED": str(number)}
        )
        passes.append(json.loads(file.read_text()))
    taken, bad = judged(*passes)
    with resources.as_file(
        resources.files("docendo.datasets") / "reasoning_gym.toml"
    ) as path:
        path.write_text(written(taken, bad))
    print(f"{len(taken)} tasks are taken, {len(bad)} refused")


if __name__ == "__main__":
    main()
