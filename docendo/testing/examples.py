"""Agents and problems that the checks are made with."""

from docendo.records import AgentId, Problem

__all__ = ["STUDENT", "TEACHER", "make_problem"]

TEACHER = AgentId("teacher")
STUDENT = AgentId("student")


def make_problem(number: int) -> Problem:
    """A sum, one for each number."""
    return Problem("domain", "family", 1, f"What is {number} + 4?", str(number + 4))
