"""Every prompt the library writes. Functions take strings, never a Problem, so no answer can reach a prompt."""

from collections.abc import Sequence

from docendo.records import Message

__all__ = ["INSTRUCTION", "equipped", "move", "pose", "solve", "solve_after"]

INSTRUCTION = "Show the steps. End with 'Answer:' and the answer."


def solve(question: str, instruction: str = INSTRUCTION) -> tuple[Message, ...]:
    """A bare question: how experts write lessons, how controls are tried, and how everybody is examined."""
    return Message("system", instruction), Message("user", question)


def solve_after(
    examples: Sequence[tuple[str, str]], question: str, instruction: str = INSTRUCTION
) -> tuple[Message, ...]:
    """A question after worked examples, (question, solution) each, as earlier turns of the conversation."""
    turns = [Message(role, text) for q, s in examples for role, text in (("user", q), ("assistant", s))]  # type: ignore[arg-type]
    return Message("system", instruction), *turns, Message("user", question)


def pose(told: str, question: str, answer: str, instruction: str = INSTRUCTION) -> tuple[Message, ...]:
    """A request to ask: whom the model poses as, and a question with its answer as an example of what is wanted."""
    wanted = f"You are {told}\nQuestion: {question}\nAnswer: {answer}\nAsk another one like it, with its answer."
    return solve(wanted, instruction)


def equipped(instruction: str, tools: Sequence[str]) -> str:
    """A system prompt that says which tools there are and how they are called."""
    return f"{instruction} Tools: {', '.join(f'<<{name}: ...>>' for name in tools)}." if tools else instruction


def move(rules: str, view: str, legal: Sequence[str], instruction: str = INSTRUCTION) -> tuple[Message, ...]:
    """A player's turn in a game: the rules, what it has been told, and the moves it may make, word for word."""
    offered = " or ".join(f"'Answer: {choice}'" for choice in legal)
    return solve(f"{rules}\n{view}\nWrite {offered}.", instruction)
