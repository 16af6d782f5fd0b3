"""Agents of a finished or unfinished run, loaded from its newest checkpoint, ready to answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docendo.backend import Backend
from docendo.build.backend import open_backend, resolve_config
from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config, read_run_config
from docendo.errors import UserError, suggestion
from docendo.humans.rating import RatingQueue
from docendo.problems.catalog import Catalog
from docendo.prompts import lesson_prompt, solve_prompt
from docendo.records import BASE, AgentId, Request
from docendo.run.evaluation import accuracies, evaluate, held_out_problems
from docendo.school import League
from docendo.store.checkpoints import Checkpoint
from docendo.store.run import RunDirectory
from docendo.teaching.classroom import Classroom

__all__ = ["LoadedAgents", "load_agents", "read_agents"]


@dataclass(frozen=True)
class LoadedAgents:
    """The base and the learners of a run, as they were after a round."""

    config: Config
    catalog: Catalog
    backend: Backend
    classroom: Classroom
    league: League
    """With the standings as of that round."""
    round_index: int
    """The round that the checkpoint was written after."""

    @property
    def names(self) -> list[AgentId]:
        """The base, then the learners."""
        return [BASE, *self.config.learner_ids]

    def answer(
        self,
        agent: str,
        question: str,
        examples: Sequence[tuple[str, str]] = (),
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int | None = None,
    ) -> str:
        """An agent's answer to a question, after worked examples if any are given.

        `examples` are (question, solution) pairs: a lesson. At temperature 0 the answer is greedy.
        Raises UserError for an agent that the run does not have.
        """
        if agent not in self.names:
            raise UserError(f"no agent {agent!r}{suggestion(agent, self.names)}")

        system_prompt = self.classroom.instructions[AgentId(agent)]
        if examples:
            messages = lesson_prompt(examples, question, system_prompt)
        else:
            messages = solve_prompt(question, system_prompt)
        request = Request(
            agent=AgentId(agent),
            messages=messages,
            seed=seed,
            max_tokens=max_tokens or self.classroom.rules.max_tokens,
            temperature=temperature,
        )
        (completion,) = self.classroom.engine.sample([request])
        return completion.text

    def evaluate(
        self, problems: int = 36, seed: int = 1
    ) -> dict[tuple[AgentId, str], float]:
        """Held-out accuracy by (agent, domain), on `problems` problems of each domain."""
        eval_set = []
        for domain in self.catalog.levels:
            eval_set += held_out_problems(self.catalog, domain, problems, seed)
        by_agent = dict.fromkeys(self.names, eval_set)
        return accuracies(evaluate(self.classroom, by_agent, self.round_index))


def load_agents(folder: str | Path) -> LoadedAgents:
    """The agents of a run, from its newest checkpoint.

    Raises UserError where the folder is no run, or has no checkpoint yet.
    """
    with RunDirectory.open(folder) as directory:
        return read_agents(directory)


def read_agents(
    directory: RunDirectory, on_checkpoint: Callable[[Checkpoint], None] | None = None
) -> LoadedAgents:
    """The agents of an open run. `on_checkpoint` may warn of damage before anything is loaded."""
    checkpoint = directory.latest_checkpoint()
    if checkpoint is None:
        command = f"docendo resume {directory.path}"
        raise UserError(f"{directory.path} has no checkpoint yet; go on with `{command}`")
    if on_checkpoint is not None:
        on_checkpoint(checkpoint)

    config = resolve_config(read_run_config(directory))
    catalog = read_catalog(config)
    backend = open_backend(config)
    backend.load(checkpoint.path)
    # nobody is asked for grades here: only a run waits for people
    ratings = RatingQueue(directory.path, asks=False)
    school = build_school(config, catalog, backend, ratings)
    school.league.standings.restore(checkpoint.state["standings"])
    return LoadedAgents(
        config=config,
        catalog=catalog,
        backend=backend,
        classroom=school.classroom,
        league=school.league,
        round_index=checkpoint.round,
    )
