"""What a study's numbers do not say, and how to repeat it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from shlex import quote

from docendo.formatting import DASH, compact, percent, visible
from docendo.study.regimes import RegimeResults
from docendo.study.results import StudyResults

__all__ = ["list_limits", "write_reproduction"]

_MISSING_SHOWN = 12


def list_limits(regimes: Sequence[RegimeResults]) -> list[str]:
    """What the numbers do not say: the model, the tasks, the seeds and the compute they are of."""
    seed_counts = []
    seeds: set[int] = set()
    families = set()
    problem_counts = []
    models = set()
    budget_shares = []
    for regime in regimes:
        for by_seed in regime.arms.values():
            seed_counts.append(len(by_seed))
            seeds.update(by_seed)
        for result in regime.results:
            families.update(result.setup.families)
            models.add(result.setup.model)
            budget_shares.append(result.cost.spent / result.cost.budget)
            first_agent = next(iter(result.scores.test.values()))
            # All agents of a training answer the same problems.
            problem_counts.append(sum(map(len, first_agent.values())))

    low, high = percent(min(budget_shares)), percent(max(budget_shares))
    # Seeds that are missing in one arm are what a reader would overlook first.
    seed_list = ", ".join(map(str, sorted(seeds)))
    limits = [
        f"Model: {', '.join(sorted(models))}. Nothing here says what a larger one would do.",
        f"Tasks: {', '.join(sorted(families))}; {_format_range(problem_counts)} held-out "
        "problems per training.",
        f"Seeds per arm: {_format_range(seed_counts)} ({seed_list}).{_list_missing(regimes)}",
        f"Spent: {low} to {high} of the budget. Evaluation and tuning are counted apart.",
        *_describe_given(regimes),
        "The scores of the best and the worst member are shrunk towards the mean, since the "
        "largest of several noisy scores is too large.",
        "Gains of lessons in results from before commit deb672b are against the expected score, "
        "which lags behind a student that improves: they are too large.",
        "Intervals are not corrected for the number of comparisons: of twenty true zeros, one "
        "is expected outside its interval.",
    ]
    if min(seed_counts) == 1:
        limits.append(
            "Where an arm has one seed, its intervals know of the problems only, and no winner "
            "is named."
        )
    return limits


def _describe_given(regimes: Sequence[RegimeResults]) -> Iterator[str]:
    """What experts cost that no training paid for."""
    for regime in regimes:
        costs = [result.cost.given for result in regime.results if result.cost.given]
        if costs:
            mean = compact(sum(costs) / len(costs), "FLOP")
            yield (
                f"Experts are given in {regime.name}: all its arms start from the same "
                f"adapters, whose {mean} for each seed are in no budget."
            )


def _list_missing(regimes: Sequence[RegimeResults]) -> str:
    """The trainings that other arms of a regime have; empty where none is missing."""
    missing = []
    for regime in regimes:
        seeds = set[int]().union(*regime.arms.values())
        for arm, by_seed in regime.arms.items():
            lacking = sorted(seeds - by_seed.keys())
            missing += [f"{regime.name} {arm} {seed}" for seed in lacking]
    if not missing:
        return ""

    text = ", ".join(missing[:_MISSING_SHOWN])
    if len(missing) > _MISSING_SHOWN:
        text += f" and {len(missing) - _MISSING_SHOWN} more"
    return f" Missing: {text}; differences are of the seeds that both have."


def _format_range(numbers: Sequence[int]) -> str:
    if not numbers:
        return DASH
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def write_reproduction(study: StudyResults) -> str:
    """The commands that repeat the study, with the commits that made its results."""
    commits: Counter[str] = Counter()
    for arms in study.results.values():
        for by_seed in arms.values():
            for result in by_seed.values():
                commits[result.setup.commit] += 1

    lines = []
    if len(commits) > 1:
        lines.append("# results of each commit:")
        for commit, count in commits.most_common():
            lines.append(f"#   {commit or 'unknown'}  {count}")
    else:
        for commit in filter(None, commits):
            lines.append(f"git checkout {commit.rstrip('+')}")
    if any(commit.endswith("+") for commit in commits):
        lines.append("# some had changes that are in no commit")

    # The name goes into a shell command inside Markdown: one line, and no backtick.
    file = visible(study.file or f"{study.name}.toml").replace("`", "'")
    lines.append(f"docendo compare {quote(' '.join(file.split()))}")
    return "\n".join(lines)
