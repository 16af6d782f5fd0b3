"""Games whose answers are known, and numbers drawn for those that are not."""

import numpy as np
from hypothesis import strategies as st

RPS = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
TRANSITIVE = [[0, -1, -1], [1, 0, -1], [1, 1, 0]]
"""The third beats the second and the first, the second beats the first (Balduzzi et al. 2018)."""
LADDER = [[0, 1, 2, 3], [-1, 0, 1, 2], [-2, -1, 0, 1], [-3, -2, -1, 0]]
"""Differences of the ratings 3, 2, 1, 0."""
ELO_WINS = [[0, 4, 2], [1, 0, 2], [3, 3, 0]]
"""Of OpenSpiel's tests of Elo."""


SMALL = st.integers(-2, 2).map(float)


def games(smallest: int = 2, largest: int = 6, numbers: st.SearchStrategy[float] = SMALL):
    """Antisymmetric matrices; by default of small whole numbers, which have many ties and many equilibria."""

    def game(n: int):
        return st.lists(numbers, min_size=n * n, max_size=n * n).map(
            lambda x: antisymmetric(x, n)
        )

    return st.integers(smallest, largest).flatmap(game)


def antisymmetric(entries, n: int) -> np.ndarray:
    upper = np.triu(np.array(entries, dtype=float).reshape(n, n), 1)
    return upper - upper.T


def copied(game: np.ndarray, agent: int) -> np.ndarray:
    """The game with one more agent, a copy of `agent`, at the end."""
    places = [*range(len(game)), agent]
    return game[np.ix_(places, places)]
