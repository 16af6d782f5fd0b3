"""The agents among whom a partner is chosen, and what is known of each. Axes: N candidates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from docendo.errors import UserError
from docendo.interfaces import FloatArray, Posterior, Standings
from docendo.records import AgentId

__all__ = ["Candidates", "teachers_of"]


@dataclass(frozen=True)
class Candidates:
    """Possible partners of one agent."""

    agent: AgentId
    """The agent that gets a partner."""
    names: Sequence[AgentId]
    posterior_of: Callable[[Sequence[AgentId]], Posterior]
    """The posterior of any of them, seen from `agent`."""
    win_matrix_of: Callable[[Sequence[AgentId]], FloatArray] | None = None
    """(N, N) win rates among them; None for teaching, where they do not play each other."""

    @property
    def posterior(self) -> Posterior:
        return self.posterior_of(self.names)

    @property
    def win_matrix_NN(self) -> FloatArray:  # noqa: N802
        """Win rates among the candidates. Raises UserError where they do not play each other."""
        if self.win_matrix_of is None:
            raise UserError(
                "an equilibrium needs win rates between the candidates, and teaching has none: "
                "use it in games"
            )

        return self.win_matrix_of(self.names)

    def where(self, is_included: Callable[[AgentId], bool]) -> "Candidates":
        """The same, with fewer candidates."""
        return replace(self, names=[name for name in self.names if is_included(name)])


def teachers_of(
    standings: Standings, student: AgentId, teachers: Sequence[AgentId], subject: str
) -> Candidates:
    """Possible teachers of a student; their posteriors are of their gains with it."""
    return Candidates(
        student, teachers, lambda names: standings.gains(names, [student], subject)
    )
