"""The built-in labels and their settings."""

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from docendo.labels.distillation import Distillation, FindTexts
from docendo.labels.texts import find_attempts, find_demonstrations, find_taught
from docendo.parts import PartConfig
from docendo.records import Divergence
from docendo.school import Labelling

__all__ = ["LabelsConfig"]


class LabelsConfig(PartConfig):
    """Texts labelled by their author, a reader of a lesson (SDFT) or the domain's expert (MOPD)."""

    type: Literal["soft_labels", "self_distillation", "expert_distillation"]
    reader: Literal["self", "base"] = "self"
    """Of self-distillation: who labels after reading the lesson, or a verified worked example.
    "self": the agent as it is. "base": the base model."""
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

    @model_validator(mode="after")
    def _has_reader(self) -> Self:
        if self.reader == "base" and self.type != "self_distillation":
            raise ValueError("only self_distillation has a reader")
        return self

    def build(self, context: Any = None) -> Labelling:
        """`context` are labellers behind endpoints, by agent."""
        finders: dict[str, FindTexts] = {
            "soft_labels": find_demonstrations,
            "self_distillation": partial(find_attempts, reader=self.reader),
            "expert_distillation": partial(find_taught, count=self.texts),
        }
        return Distillation(
            finders[self.type],
            share=self.share,
            divergence=self.divergence,
            texts=self.texts,
            gate=self.gate,
            by_headroom=self.allocation == "headroom",
            endpoints=context or {},
        )
