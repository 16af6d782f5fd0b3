"""Hand-made records that build in one line."""

from collections.abc import Callable
from pathlib import Path

from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Metrics,
    Move,
    Problem,
    Rollout,
    Usage,
    Verdict,
)
from docendo.store import RoundRecord

ANN, BOB = AgentId("ann"), AgentId("bob")


def problem(prompt: str = "1 + 1?", answer: str = "2", level: int = 1) -> Problem:
    return Problem(
        "sums", "two", level, prompt, answer, solution=f"Answer: {answer}", source="toy 1"
    )


def attempt(text: str = "Answer: 2", score: float = 1.0) -> Rollout:
    return Rollout(
        Completion(text, tokens=(5, 7)), Verdict(score, "equal" if score else "differs")
    )


def episode(
    round: int = 0, text: str = "Answer: 2", teacher: AgentId = ANN, student: AgentId = BOB
) -> Episode:
    return Episode(
        round=round,
        match=Match(teacher, student, "sums", "two", 1),
        test=problem("2 + 2?", "4"),
        lesson=Lesson((problem(),), (attempt(text),)),
        control=(attempt("Answer: 5", 0.0), attempt("Answer: 4")),
        attempts=(attempt("Answer: 4"), attempt(text)),
        expected=0.4,
    )


def duel(
    round: int = 0, game: str = "kuhn", first: AgentId = ANN, text: str = "Answer: bet"
) -> Duel:
    moves = (
        Move(0, "Your card: king.", "bet", attempt(text)),
        Move(1, "Your card: jack.", "", attempt("hm", 0.0)),
    )
    return Duel(round, game, first, BOB, "king jack", moves, (1.0, -1.0))


def evaluation(
    round: int = 0, agent: AgentId = ANN, text: str = "Answer: 2", score: float = 1.0
) -> Evaluation:
    return Evaluation(round, agent, problem(), text, Verdict(score, "equal"))


def record(index: int = 0) -> RoundRecord:
    return RoundRecord(
        index,
        "teaching",
        1.5,
        episodes=(episode(index), episode(index, teacher=BOB, student=ANN)),
        evaluations=(evaluation(index),),
        metrics=Metrics(index, {"loss": 0.5 / (index + 2)}),
        ledger=(Usage(ANN, "sampling", 100, 1e9), Usage(BOB, "training", 10, 3e9)),
        state={"standings": {"ann": [index, 0.1]}},
        duels=(duel(index), duel(index, game="lines", first=BOB)),
    )


def weights(content: bytes = b"weights") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "ann").mkdir()
        (folder / "ann" / "adapter.safetensors").write_bytes(content)
        (folder / "optimizer.json").write_text("{}")

    return write
