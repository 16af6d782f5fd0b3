"""The built-in labels: what is labelled, and by whom, with the settings that all have in common."""

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from docendo.labels.distillation import Distillation, FindTexts
from docendo.labels.texts import find_attempts, find_demonstrations, find_taught
from docendo.parts import PartConfig
from docendo.records import Divergence
from docendo.school import Labelling

__all__ = [
    "ExpertDistillationConfig",
    "LabelsConfig",
    "SelfDistillationConfig",
    "SoftLabelsConfig",
]


class LabelsConfig(PartConfig):
    """What all built-in labels have in common."""

    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the divergence in the loss of a labelled text. The rest is imitation of the
    text, if it is right."""
    divergence: Divergence = "forward_kl"
    """Divergence from the label. "forward_kl": KL(labeller | agent). "reverse_kl":
    KL(agent | labeller)."""
    texts: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Maximum number of labelled texts per agent and round."""
    gate: bool = True
    """Whether texts count only at task types at which their labeller is measured to be better
    than the student. Little-known readers of lessons answer first."""
    allocation: Literal["uniform", "headroom"] = "uniform"
    """Choice of domains. "headroom": by the labeller's success rate minus the student's."""

    def _distil(self, find: FindTexts, endpoints: Any) -> Labelling:
        return Distillation(
            find,
            share=self.share,
            divergence=self.divergence,
            texts=self.texts,
            gate=self.gate,
            by_headroom=self.allocation == "headroom",
            endpoints=endpoints or {},
        )


class SoftLabelsConfig(LabelsConfig):
    """Soft labels: this round's demonstrations, labelled by their authors."""

    type: str = "soft_labels"
    share: Annotated[float, Field(gt=0, le=1)] = 0.5

    def build(self, context: Any = None) -> Labelling:
        return self._distil(find_demonstrations, context)


class SelfDistillationConfig(LabelsConfig):
    """An agent's own attempts, labelled by itself or the base after a lesson (SDFT)."""

    type: str = "self_distillation"
    reader: Literal["self", "base"] = "self"
    """Who labels after reading the lesson, or a verified worked example. "self": the agent as
    it is. "base": the base model."""

    def build(self, context: Any = None) -> Labelling:
        return self._distil(partial(find_attempts, reader=self.reader), context)


class ExpertDistillationConfig(LabelsConfig):
    """An agent's own attempts at others' domains, labelled by the domain's expert (MOPD)."""

    type: str = "expert_distillation"

    def build(self, context: Any = None) -> Labelling:
        return self._distil(partial(find_taught, count=self.texts), context)
