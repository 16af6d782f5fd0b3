"""A league of a thousand agents and a million results: one round's choice, one update, memory.

python benchmarks/league.py [--agents 1000] [--matches 1000000] [--json]
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from docendo.interfaces import Matchmaker
from docendo.league.curriculum import ByLearnability as LearnableKinds
from docendo.league.matchmaking import (
    LearnableTeachers,
    PrioritizedSelfPlay,
    Thompson,
    draw,
    hard,
)
from docendo.league.population import Population
from docendo.league.snapshot_rules import Never
from docendo.league.standings import LiveStandings
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.records import (
    AgentId,
    Completion,
    Episode,
    Lesson,
    Match,
    Problem,
    Rollout,
    TaskType,
    TeachingOption,
    Verdict,
)

ROUND = 64
"""Matches of a round."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--matches", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    agents = [AgentId(f"agent-{i}") for i in range(given.agents)]
    standings = LiveStandings(decay=0.95)
    filled = timed(lambda: fill(standings, agents, given.matches), 1)
    kinds = [TaskType("sums", f"family-{i}", 1 + i % 3) for i in range(12)]
    courses = [TeachingOption(kind, tuple(agents), tuple(agents)) for kind in kinds]
    episodes = [played(i, agents, kinds, standings.clock) for i in range(1000)]
    rng = np.random.default_rng(0)
    arranged, population = (
        CurriculumMatchmaker(LearnableKinds(floor=0.1), Thompson()),
        Population(Never(), 2),
    )
    population.add_founders(agents)

    def matches(pair: Matchmaker) -> None:
        """As the loop chooses them: the population names the co-players, the matchmaker pairs them."""
        pair(population.with_copies(courses), standings, ROUND, 1)

    def opponents(choice: object) -> None:
        for player in agents[:ROUND]:
            draw(choice, standings.opponents_of(player, agents, "game"), rng)  # type: ignore[arg-type]

    standings.record_episodes(
        episodes
    )  # tables of these subjects exist in a league that has been going
    found = {
        f"choice of {ROUND} matches, rotation": timed(lambda: matches(RoundRobin())),
        f"choice of {ROUND} matches, curriculum and improvement": timed(
            lambda: matches(arranged)
        ),
        f"choice of {ROUND} opponents, hard": timed(
            lambda: opponents(PrioritizedSelfPlay(hard, floor=0.1))
        ),
        f"choice of {ROUND} opponents, learnable": timed(
            lambda: opponents(LearnableTeachers(floor=0.1))
        ),
        "update of 1,000 episodes": timed(lambda: standings.record_episodes(episodes)),
    }
    cells = sum(
        table.sums.nbytes + table.when.nbytes for table in standings.tables.values()
    )
    game = standings.tables["wins", "game"]
    print(
        f"{given.agents:,} agents, {given.matches:,} results (taken in within {filled:.1f} s)"
    )
    for name, seconds in found.items():
        print(f"{1000 * seconds:8.1f} ms  {name}")
    print(
        f"{cells / 2**20:8.0f} MiB of standings in {len(standings.tables)} tables, ", end=""
    )
    print(
        f"{(game.sums.nbytes + game.when.nbytes) / 2**20:.0f} MiB for a game between all of them"
    )
    if given.json:
        worst = max(found.values())
        print(
            json.dumps(
                {
                    "milliseconds": {k: 1000 * v for k, v in found.items()},
                    "worst": 1000 * worst,
                    "bytes": cells,
                }
            )
        )


def fill(standings: LiveStandings, agents: list[AgentId], matches: int) -> None:
    rng = np.random.default_rng(0)
    for index in range(10):
        pairs = rng.integers(len(agents), size=(matches // 10, 2)).tolist()
        scores = rng.random(len(pairs)).tolist()
        standings.record_games(
            [(agents[a], agents[b], s) for (a, b), s in zip(pairs, scores, strict=True)],
            "game",
            index,
        )


def played(i: int, agents: list[AgentId], kinds: list[TaskType], index: int) -> Episode:
    tries = tuple(
        Rollout(Completion("answer"), Verdict(float((i + g) % 3 == 0), ""))
        for g in range(4)
    )
    match = Match(
        agents[i % len(agents)], agents[(7 * i + 1) % len(agents)], *kinds[i % len(kinds)]
    )
    problem = Problem(match.domain, match.family, match.level, f"What is {i}?", str(i))
    return Episode(index, match, problem, Lesson((problem,), tries[:1]), tries, tries, 0.25)


def timed(do: Callable[[], object], times: int = 7) -> float:
    """Median seconds."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


if __name__ == "__main__":
    main()
