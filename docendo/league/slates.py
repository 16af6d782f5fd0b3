"""Those among whom one is chosen, and what is believed of each. N candidates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from docendo.errors import UseError
from docendo.league.beliefs import Belief, Numbers
from docendo.records import AgentId

__all__ = ["Slate"]


@dataclass(frozen=True)
class Slate:
    focus: AgentId
    """For whom one is chosen."""
    names: Sequence[AgentId]
    judge: Callable[[Sequence[AgentId]], Belief]
    """What is believed of any of them, as seen by `focus`."""
    compare: Callable[[Sequence[AgentId]], Numbers] | None = None
    """(N, N) win rates among them; only games between equals have those."""

    @property
    def belief(self) -> Belief:
        return self.judge(self.names)

    @property
    def matrix_NN(self) -> Numbers:  # noqa: N802
        """Win rates among the candidates. Raises UseError where they do not play each other."""
        if self.compare is None:
            raise UseError("an equilibrium needs win rates between the candidates; teaching has none: use it in games")
        return self.compare(self.names)

    def only(self, keep: Callable[[AgentId], bool]) -> "Slate":
        """The same, with fewer candidates."""
        return replace(self, names=[name for name in self.names if keep(name)])
