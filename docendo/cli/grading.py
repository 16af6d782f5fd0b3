"""A person grades the answers that a run waits for."""

from typing import TYPE_CHECKING

from docendo.cli.dialog import indent_quote, read_line
from docendo.cli.output import safe, show, title

if TYPE_CHECKING:
    from docendo.humans.votes import Grade, VoteStore

__all__ = ["grade_waiting"]

_SCORES = {"y": 1.0, "n": 0.0} | {str(i): i / 10 for i in range(11)}


def grade_waiting(votes: "VoteStore", person: str) -> bool:
    """Ask for a grade of every answer that waits; whether the person went through all of them."""
    waiting = votes.grades(waiting=True)
    count = "1 answer waits" if len(waiting) == 1 else f"{len(waiting)} answers wait"
    show(f"{count}. For each: y right, n wrong, or 0 to 10; s skip, u undo, q leave.")

    graded: list[Grade] = []
    position = 0
    while position < len(waiting):
        answer = waiting[position]
        _show_answer(answer, f"{position + 1}/{len(waiting)}")

        reply = read_line("y, n, 0 to 10, s, u, q: ")
        if reply is None or reply.lower() == "q":
            return False
        reply = reply.lower()

        # back to the last answer that was graded, over those that were skipped
        if reply == "u" and graded:
            last = graded.pop()
            votes.grade(last._replace(score=None), person)
            position = waiting.index(last)
        elif reply == "u":
            show("nothing to take back")
        elif reply in _SCORES:
            votes.grade(answer._replace(score=_SCORES[reply]), person)
            graded.append(answer)
            position += 1
        elif reply == "s":
            position += 1
        else:
            show(safe(f"{reply!r} is none of them"))
    return True


def _show_answer(answer: "Grade", place: str) -> None:
    show(title(f"\n{place}"), indent_quote(answer.prompt), "", indent_quote(answer.text))
    if answer.right_answer:
        show("the right answer is", indent_quote(answer.right_answer))
