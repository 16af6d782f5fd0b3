"""Which names the statements of a test read, bind and change."""

import ast

from docendo.assertions.names import (
    changed_names,
    find_step,
    local_names,
    names_in,
    select_statements,
    stored_names,
    write_program,
)


def parse(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def test_names_that_are_read_bound_and_local_are_told_apart() -> None:
    node = parse("total = [f(x) for x in xs]")
    assert names_in(node) == {"f", "x", "xs"}
    assert stored_names(node) == {"total", "x"}
    assert local_names(node) == {"x"}


def test_a_method_whose_value_nobody_keeps_may_change_its_object() -> None:
    assert changed_names(parse("xs.sort()")) == {"xs"}
    assert changed_names(parse("xs[0] = y")) == {"xs"}
    assert find_step(parse("total = f(xs)")) is None


def test_only_statements_that_make_a_variable_are_selected() -> None:
    statements = ast.parse("a = 1\nb = a + 1\nc = 5\nassert f(b)").body
    selected = select_statements(statements, {"b"})
    assert write_program(selected, {"math"}) == "import math\na = 1\nb = a + 1"
