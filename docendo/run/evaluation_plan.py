"""Who is evaluated on what, after which round."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docendo.config.load import Config
from docendo.problems.catalog import Catalog
from docendo.records import BASE, AgentId, Evaluation, Problem
from docendo.run.evaluation import evaluate, held_out_problems
from docendo.teaching.classroom import Classroom

__all__ = ["EXPERTS", "START", "TEACHING", "EvaluationPlan"]

EXPERTS = "experts"
TEACHING = "teaching"
START = -1
"""The index of what is measured before the first round."""


@dataclass(frozen=True)
class EvaluationPlan:
    """The evaluations of a run.

    Before the first round: the base and remote agents on everything. During the first stage: every
    expert on its own domains. At the end of the first stage, and at the end of the teaching:
    everybody on everything; in between, every `evaluation.eval_every` rounds.
    """

    config: Config
    catalog: Catalog
    classroom: Classroom

    @property
    def remote_agents(self) -> list[AgentId]:
        """Agents behind an endpoint: they do not change, so they are evaluated first and last."""
        return [AgentId(name) for name in self.config.guests]

    def evaluate_start(self) -> list[Evaluation]:
        """The base and remote agents on all domains, before the first round."""
        return self._evaluate([BASE, *self.remote_agents], self._all_domains, START)

    def evaluate_own(self, round_index: int) -> list[Evaluation]:
        """Every learner on the domains that it is an expert of."""
        return self._evaluate(self.config.learner_ids, self._own_domains, round_index)

    def evaluate_foreign(self, round_index: int) -> list[Evaluation]:
        """Every learner on the domains of others, and on fresh problems where these are asked for."""
        foreign = self._evaluate(
            self.config.learner_ids, self._foreign_domains, round_index
        )
        return foreign + self._evaluate_fresh(round_index)

    def evaluate_all(self, round_index: int, include_remote: bool) -> list[Evaluation]:
        """Everybody on all domains, and on fresh problems where these are asked for."""
        agents = self.config.learner_ids
        if include_remote:
            agents = agents + self.remote_agents
        evaluations = self._evaluate(agents, self._all_domains, round_index)
        return evaluations + self._evaluate_fresh(round_index)

    def is_due(self, teaching_round: int) -> bool:
        """Whether everybody is evaluated after this round of teaching, counted from 0."""
        every = self.config.evaluation.eval_every
        if self.is_last(teaching_round):
            return True
        return bool(every) and (teaching_round + 1) % every == 0

    def is_last(self, teaching_round: int) -> bool:
        """Whether this is the last round of teaching, counted from 0."""
        return teaching_round == self.config.teaching.rounds - 1

    def _all_domains(self, agent: AgentId) -> Sequence[str]:
        return list(self.config.domains)

    def _own_domains(self, agent: AgentId) -> Sequence[str]:
        return self.config.agents[agent].domains

    def _foreign_domains(self, agent: AgentId) -> Sequence[str]:
        taught = self.config.agents[agent].domains
        return [domain for domain in self.config.domains if domain not in taught]

    def _evaluate(
        self,
        agents: Sequence[AgentId],
        domains_of: Callable[[AgentId], Sequence[str]],
        round_index: int,
    ) -> list[Evaluation]:
        settings = self.config.evaluation
        # The seed is of the config: every round is measured on the same problems.
        eval_sets: dict[str, list[Problem]] = {}
        for domain in self.config.domains:
            eval_sets[domain] = held_out_problems(
                self.catalog, domain, settings.problems, settings.seed
            )

        problems: dict[AgentId, list[Problem]] = {}
        for agent in agents:
            problems[agent] = []
            for domain in domains_of(agent):
                problems[agent] += eval_sets[domain]
        return evaluate(self.classroom, problems, round_index)

    def _evaluate_fresh(self, round_index: int) -> list[Evaluation]:
        """Everybody on problems that no agent's data can hold; needed where somebody's data holds leaked ones."""
        settings = self.config.evaluation
        is_contaminated = any(
            agent.data and agent.data.leaked for agent in self.config.learners.values()
        )
        if not settings.fresh and not is_contaminated:
            return []

        problems = []
        for domain in self.config.domains:
            problems += held_out_problems(
                self.catalog, domain, settings.problems, settings.seed, "fresh"
            )
        return evaluate(
            self.classroom,
            dict.fromkeys(self.config.learner_ids, problems),
            round_index,
            "fresh",
        )
