"""What more agents cost at the same number of rows: seconds of one step (sampling and training) with 1 to 16 agents.

    python benchmarks/population.py
    python benchmarks/population.py --prompts 4 --completions 2 --tokens 8 --repeats 1 --agents 1 4

Every setting has the same prompts, rows and tokens: 16 prompts of 150 tokens, 4 completions of 48 tokens each. Only
who owns a prompt changes. In the JSON, `ratio` is the time with 8 agents divided by the time with 1: 1 is free.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from itertools import count

from shapes import (
    add_sizes,
    agents_of,
    engine_with,
    prompts_of,
    report,
    requests_of,
    take_turns,
    train_step,
)

_HEADLINE = 8
"""Agents that the JSON compares with one."""


def options_of() -> Namespace:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    add_sizes(parser, prompts=16, completions=4)
    parser.add_argument(
        "--agents",
        type=int,
        nargs="+",
        default=[1, 2, 4, 8, 16],
        help="must divide --prompts",
    )
    options = parser.parse_args()
    if 1 not in options.agents or any(options.prompts % n for n in options.agents):
        parser.error(
            f"--agents must name 1 and divide {options.prompts} prompts: {options.agents}"
        )
    return options


def steps_of(options: Namespace) -> dict[str, Callable[[], None]]:
    """A step for each number of agents, all on one engine."""
    engine = engine_with(max(options.agents))
    prompts = prompts_of(engine.tokens, options.prompts, options.length)
    rows, number = options.prompts * options.completions, count()

    def step(agents: int) -> None:
        owners = agents_of(agents, options.prompts)
        requests = requests_of(
            owners, prompts, options.completions, options.tokens, next(number) * rows
        )
        train_step(engine, requests, options.completions)

    return {str(n): partial(step, n) for n in options.agents}


def main() -> None:
    options = options_of()
    seconds = take_turns(steps_of(options), options.repeats)
    print(
        f"one step: {options.prompts} prompts of {options.length} tokens, {options.completions} completions of "
        f"{options.tokens} tokens each; medians of {options.repeats}, settings in turns"
    )
    for n, found in seconds.items():
        print(
            f"{n:>3} agents: {found:7.2f} s, {found / seconds['1']:.3f} times the step of 1 agent"
        )
    many = str(max(n for n in options.agents if n <= _HEADLINE))
    report(
        options,
        ratio=seconds[many] / seconds["1"],
        ours=seconds[many],
        theirs=seconds["1"],
        unit=f"seconds of a step, {many} agents against 1; 1 is free",
        **{f"seconds_{n}": found for n, found in seconds.items()},
    )


if __name__ == "__main__":
    main()
