"""Those among whom one is chosen, and what is believed of each. N candidates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from docendo.errors import UserError
from docendo.interfaces import FloatArray, Posterior, Standings
from docendo.records import AgentId

__all__ = ["Candidates", "students_of", "teachers_of"]


@dataclass(frozen=True)
class Candidates:
    focus: AgentId
    """For whom one is chosen."""
    names: Sequence[AgentId]
    judge: Callable[[Sequence[AgentId]], Posterior]
    """What is believed of any of them, as seen by `focus`."""
    compare: Callable[[Sequence[AgentId]], FloatArray] | None = None
    """(N, N) win rates among them; only games between equals have those."""

    @property
    def belief(self) -> Posterior:
        return self.judge(self.names)

    @property
    def matrix_NN(self) -> FloatArray:  # noqa: N802
        """Win rates among the candidates. Raises UseError where they do not play each other."""
        if self.compare is None:
            raise UserError(
                "an equilibrium needs win rates between the candidates; teaching has none: use it in games"
            )
        return self.compare(self.names)

    def only(self, keep: Callable[[AgentId], bool]) -> "Candidates":
        """The same, with fewer candidates."""
        return replace(self, names=[name for name in self.names if keep(name)])


def teachers_of(
    standings: Standings, student: AgentId, teachers: Sequence[AgentId], subject: str
) -> Candidates:
    """The teachers that a student could have, judged by their gains with it."""
    return Candidates(
        student, teachers, lambda names: standings.gains(names, [student], subject)
    )


def students_of(
    standings: Standings, teacher: AgentId, students: Sequence[AgentId], subject: str
) -> Candidates:
    """The students that a teacher could have, judged by its gains with them."""
    return Candidates(
        teacher, students, lambda names: standings.gains([teacher], names, subject)
    )
