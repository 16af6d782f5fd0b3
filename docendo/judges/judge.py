"""The evaluator that is a model: it solves, reads or compares."""

from typing import Annotated, Any, Literal

from pydantic import Field

from docendo.errors import UserError
from docendo.interfaces import Evaluator
from docendo.judges.pairwise import PairwiseJudge
from docendo.judges.pointwise import ModelJudge
from docendo.parts import PartConfig

__all__ = ["JudgeConfig"]


class JudgeConfig(PartConfig):
    """A model: an agent, the untrained base, the whole population or an endpoint."""

    type: str = "judge"
    model: Annotated[str, Field(min_length=1)]
    """Model that judges: an agent, "base", "population" or "endpoint:NAME"."""
    mode: Literal["solving", "reading", "comparing"] = "solving"
    """"solving": it answers the question itself, and the answers are compared. "reading":
    it reads the answer. "comparing": it reads two answers and prefers one."""

    def build(self, context: Any = None) -> Evaluator:
        models = context.models
        if models is None:
            raise UserError("judge: there is no engine to ask")

        judges = models.find(self.model)
        if self.mode == "comparing":
            return PairwiseJudge(
                engine=models.engine,
                judges=judges,
                experts=models.experts,
                # two answers have to fit the context
                longest=models.max_answer_bytes // 2,
            )
        return ModelJudge(
            engine=models.engine,
            judges=judges,
            mode=self.mode,
            max_tokens=models.max_tokens,
            instructions=models.system_prompts,
            experts=models.experts,
            longest=models.max_answer_bytes,
        )
