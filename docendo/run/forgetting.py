"""What agents keep while they learn: reading an example, families outside, the base's own texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean

from docendo.backend import Backend
from docendo.config import EvaluationConfig
from docendo.datasets.eval_sets import draw_test_split
from docendo.errors import UserError, suggestion
from docendo.problems.catalog import Catalog
from docendo.records import (
    BASE,
    AgentId,
    Lesson,
    Message,
    MetricKey,
    Problem,
    Request,
    Target,
)
from docendo.run.evaluation import held_out_problems, worked_lesson
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = ["KeptMeasures", "outside_levels"]

_PURPOSE = "evaluation"
_TEXTS = 16
_TEXT_TOKENS = 32


@dataclass(frozen=True)
class KeptMeasures:
    """The three measures of what is kept, on few problems and texts."""

    settings: EvaluationConfig
    catalog: Catalog
    classroom: Classroom
    backend: Backend

    def measure(self, agents: Sequence[AgentId]) -> dict[MetricKey, float]:
        """``kept/one_shot``, ``kept/outside`` and ``kept/base_text`` of each agent.

        One that cannot be measured is left out, and so is the base's likelihood of its own texts.
        """
        if not self.settings.forgetting_problems:
            return {}
        questions: list[tuple[str, Problem, Lesson | None]] = []
        questions += [("outside", problem, None) for problem in self._outside_problems()]
        questions += [("one_shot", *pair) for pair in self._one_shot_problems()]

        specs = []
        for agent in agents:
            for _, problem, lesson in questions:
                specs.append(RolloutSpec(agent, problem, lesson, _PURPOSE, 0))
        rollouts = self.classroom.roll_out(specs, temperature=0.0)

        scores: dict[MetricKey, list[float]] = {}
        names = [name for name, _, _ in questions] * len(agents)
        for name, spec, rollout in zip(names, specs, rollouts, strict=True):
            key = MetricKey(f"kept/{name}", spec.agent)
            scores.setdefault(key, []).append(rollout.verdict.score)
        means = {key: fmean(values) for key, values in scores.items()}
        return means | self._score_base_texts([agent for agent in agents if agent != BASE])

    def _outside_problems(self) -> list[Problem]:
        """Problems of the families that the settings name."""
        problems = []
        named = outside_levels(self.catalog, self.settings.ood_families, "evaluation.")
        for domain, levels in named.items():
            source, count = self.catalog.sources[domain], self.settings.forgetting_problems
            problems += draw_test_split(source, levels, count, self.settings.seed)
        return problems

    def _one_shot_problems(self) -> list[tuple[Problem, Lesson]]:
        """Held-out problems with a worked example each; none where a domain has no solutions."""
        pairs = []
        for domain, source in self.catalog.sources.items():
            problems = held_out_problems(
                self.catalog,
                domain,
                self.settings.forgetting_problems,
                self.settings.seed,
            )
            try:
                for problem in problems:
                    lesson = worked_lesson(source, problem, self.settings.seed)
                    pairs.append((problem, lesson))
            except UserError:  # a file without worked solutions
                continue
        return pairs

    def _score_base_texts(self, agents: Sequence[AgentId]) -> dict[MetricKey, float]:
        """How much less likely agents find what the base writes of itself, in nats per token.

        The negative of KL(base || agent), estimated on the base's own samples: at most 0 in the mean.
        """
        if not agents:
            return {}
        # After an empty message an aligned model writes what it was trained on (Xu et al. 2024,
        # "Magpie"): text that no domain is about, in the language of whatever base there is.
        requests = []
        for i in range(_TEXTS):
            seed = seed_for(self.settings.seed, "base text", i)
            messages = (Message("user", ""),)
            request = Request(BASE, messages, seed, _TEXT_TOKENS, purpose=_PURPOSE)
            requests.append(request)
        texts = []
        for completion in self.backend.sample(requests):
            texts.append(Target(BASE, completion.prompt_tokens, completion.tokens, 1.0))

        targets = [t._replace(agent=agent) for agent in (BASE, *agents) for t in texts]
        logprobs = self.backend.logprobs(targets, _PURPOSE)
        sums = {}
        for i, agent in enumerate((BASE, *agents)):
            of_agent = logprobs[i * len(texts) : (i + 1) * len(texts)]
            sums[agent] = fsum(map(fsum, of_agent))
        tokens = sum(map(len, logprobs[: len(texts)]))
        if not tokens:
            return {}
        return {
            MetricKey("kept/base_text", agent): (sums[agent] - sums[BASE]) / tokens
            for agent in agents
        }


def outside_levels(
    catalog: Catalog, families: Mapping[str, Mapping[str, Sequence[int]]], prefix: str = ""
) -> dict[str, list[tuple[str, int]]]:
    """(family, level) pairs by domain of families that nobody is trained on.

    A family without levels has all its levels. Raises UserError for a domain or family that does
    not exist, and for a family that is trained on.
    """
    levels: dict[str, list[tuple[str, int]]] = {}
    for domain, named in families.items():
        where = f"[{prefix}ood_families.{domain}]"
        if domain not in catalog.sources:
            hint = suggestion(domain, catalog.sources)
            raise UserError(f"{where}: no domain {domain!r}{hint}")

        source = catalog.sources[domain]
        trained = {family for family, _ in catalog.levels[domain]}
        levels[domain] = []
        for family, named_levels in named.items():
            if family not in source.levels:
                hint = suggestion(family, source.levels)
                raise UserError(f"{where}: no family {family!r}{hint}")
            if family in trained:
                raise UserError(
                    f"{where}: {family!r} is trained on; leave it out here or in "
                    f"[domains.{source.domain}]"
                )
            all_levels = named_levels or source.levels[family]
            levels[domain] += [(family, level) for level in all_levels]
    return levels
