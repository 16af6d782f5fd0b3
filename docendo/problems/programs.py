"""The domain programming: short programs to read here, functions to write in `functions`.

Letters that are looked at one by one stand apart ("b a n a n a"), so that each is one
token.
"""

from collections.abc import Callable, Sequence
from operator import add, eq, ge, gt, le, lt, ne, sub
from random import Random
from string import ascii_lowercase
from typing import Any

from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.functions import draft_expression, draft_fix
from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps

__all__ = [
    "PROGRAMMING",
    "ProgrammingConfig",
    "draft_booleans",
    "draft_counting",
    "draft_indexing",
    "draft_trace",
]

_OPERATORS: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<": lt,
    ">": gt,
    "==": eq,
    "!=": ne,
    "<=": le,
    ">=": ge,
}
_WORDS_OF_3 = (
    "ant bag bat bed bee bus cat cow cup day dog ear egg eye fan fox gum hat hen ice jam jar "
    "key leg map mud nut oak owl pan pen pig pot rat red sea sky sun tea ten toe top van web zoo"
)
_WORDS_OF_4 = (
    "bear bell bird boat book cake coin corn deer desk door drum duck farm fish foot frog gate "
    "goat gold hand hill king lake lamp leaf lion milk moon nest nose pear pool rain ring road "
    "rock roof room rose sand seed ship shoe snow star tree wall wind wolf wood"
)


def draft_trace(rng: Random, level: int) -> Draft:
    """The value that a short program prints.

    Loops from level 3, a branch in the loop at level 5.
    """
    if level == 1:
        return _trace_lines(rng, targets=("x", "x"), operands=("x", "x"), prints_sum=False)
    if level == 2:
        return _trace_lines(rng, targets=("y", "x"), operands=("x", "y"), prints_sum=True)
    return _trace_loop(rng, level)


def _trace_lines(
    rng: Random, *, targets: tuple[str, str], operands: tuple[str, str], prints_sum: bool
) -> Draft:
    values = {"x": rng.randint(1, 15)}
    code = [f"x = {values['x']}"]
    lines = []
    for target, operand in zip(targets, operands, strict=True):
        by = rng.randint(1, 9)
        # No value falls below 0.
        op = rng.choice("+-") if by <= values[operand] else "+"
        text, values[target] = _calculate(values[operand], op, by)
        code.append(f"{target} = {operand} {op} {by}")
        lines.append(f"{target} = {text}")

    printed = "x"
    result = values["x"]
    if prints_sum:
        printed = "x + y"
        text, result = _calculate(values["x"], "+", values["y"])
        lines.append(f"x + y = {text}")
    code.append(f"print({printed})")
    return _ask_output(code, result, lines)


def _trace_loop(rng: Random, level: int) -> Draft:
    x = rng.randint(30, 150)
    by = rng.randint(1, 9)
    op = rng.choice("+-")

    if level == 3:
        rounds = range(rng.randint(2, 3))
        arguments = f"{rounds.stop}"
    else:
        first = rng.randint(1, 5)
        rounds = range(first, first + rng.randint(2, 4))
        arguments = f"{rounds.start}, {rounds.stop}"
    body = {
        3: f"    x = x {op} {by}",
        4: f"    x = x {op} i",
        5: f"    if i % 2 == 0:\n        x = x + i\n    else:\n        x = x - {by}",
    }[level]

    code = [f"x = {x}", f"for i in range({arguments}):", body, "print(x)"]

    # the loop unrolled, a line for each round
    lines = []
    for i in rounds:
        if level == 3:
            step = (op, by)
        elif level == 4:
            step = (op, i)
        else:
            step = ("-", by) if i % 2 else ("+", i)
        text, x = _calculate(x, *step)
        lines.append(f"i = {i}: {text}")
    return _ask_output(code, x, lines)


def _ask_output(code: Sequence[str], result: int, lines: Sequence[str]) -> Draft:
    program = "\n".join(code)
    return draft_with_steps(f"What does this print?\n{program}", result, lines)


def _calculate(left: int, op: str, right: int) -> tuple[str, int]:
    result = _OPERATORS[op](left, right)
    return f"{left} {op} {right} = {result}", result


_Access = tuple[list[str], str, object]
"""The steps, the expression that is asked for, and its value."""


def draft_indexing(rng: Random, level: int) -> Draft:
    """An item or a slice of a list of digits.

    By level: from the front, a slice, from the back, nested, with a stride.
    """
    size = (5, 6, 5, 6, 8)[level - 1]
    # At level 4 an item is an index into the same list.
    highest = size - 1 if level == 4 else 9
    items = [rng.randint(0, highest) for _ in range(size)]
    lines, expression, value = _ACCESSES[level](rng, items)
    return draft_with_steps(f"s = {items}\nWhat is {expression}?", value, lines)


def _from_the_front(rng: Random, items: list[int]) -> _Access:
    at = rng.randrange(len(items))
    return [_list_places(items, range(at + 1))], f"s[{at}]", items[at]


def _with_a_slice(rng: Random, items: list[int]) -> _Access:
    start = rng.randint(1, 3)
    stop = start + rng.randint(1, 2)
    lines = [_list_places(items, range(stop)), _keep(range(start, stop))]
    return lines, f"s[{start}:{stop}]", items[start:stop]


def _from_the_back(rng: Random, items: list[int]) -> _Access:
    at = rng.randint(1, len(items) - 1)
    places = _list_places(items, range(-1, -at - 1, -1))
    if rng.random() < 0.5:
        return [places], f"s[-{at}]", items[-at]
    return [places, "keep these in order"], f"s[-{at}:]", items[-at:]


def _by_an_item(rng: Random, items: list[int]) -> _Access:
    at = rng.randrange(len(items))
    index = items[at]
    lines = [
        _list_places(items, range(at + 1)),
        f"s[{at}] = {index}",
        _list_places(items, range(index + 1)),
    ]
    return lines, f"s[s[{at}]]", items[index]


def _with_a_stride(rng: Random, items: list[int]) -> _Access:
    start = rng.randint(0, 2)
    stop = rng.randint(5, 8)
    by = rng.choice((2, 3))
    selection = _keep(range(start, stop, by))
    lines = [_list_places(items, range(stop)), selection]
    return lines, f"s[{start}:{stop}:{by}]", items[start:stop:by]


_ACCESSES = {
    1: _from_the_front,
    2: _with_a_slice,
    3: _from_the_back,
    4: _by_an_item,
    5: _with_a_stride,
}
"""By level."""


def _list_places(items: Sequence[int], places: Sequence[int]) -> str:
    # an index is counted off, not jumped to: "0:7 1:3 2:9" ends with the item
    return " ".join(f"{i}:{items[i]}" for i in places)


def _keep(places: Sequence[int]) -> str:
    return f"keep {' '.join(map(str, places))}"


def draft_counting(rng: Random, level: int) -> Draft:
    """How often a letter occurs in spaced letters (level 1) or in words.

    At level 4 vowels are counted.
    """
    text = _random_letters(rng) if level == 1 else _random_words(rng, level)

    # The count is drawn first, so that rare letters are not asked for more often than others.
    counts = sorted(set(map(text.count, ascii_lowercase)))
    count = rng.choice(counts)
    letters = rng.choice([c for c in ascii_lowercase if text.count(c) == count])
    expression = f'"{text}".count("{letters}")'
    if level == 4:
        letters = "aeiou"
        expression = f'sum(c in "aeiou" for c in "{text}")'

    # a running total behind each character: counting is a chain of small steps, like a sum
    total = 0
    running = []
    for character in text.replace(" ", ""):
        total += character in letters
        running.append(f"{character} {total}")
    return draft_with_steps(f"What is {expression}?", total, [" ".join(running)])


def _random_letters(rng: Random) -> str:
    alphabet = rng.sample(ascii_lowercase, 3)
    return " ".join(rng.choice(alphabet) for _ in range(5))


def _random_words(rng: Random, level: int) -> str:
    words = (_WORDS_OF_3 if level == 2 else _WORDS_OF_4).split()
    count = rng.randint(2, 4) if level == 4 else {2: 3, 3: 3, 5: 4}[level]
    return " ".join(rng.sample(words, count))


_Condition = tuple[str, bool]
"""An expression and its value."""


def draft_booleans(rng: Random, level: int) -> Draft:
    """What ``print`` shows for two conditions.

    There are two values, so that a guess is right one time in four.
    """
    # each comparison first, then what joins them, from the inside out
    count = (2, 3, 3, 4, 5)[level - 1]
    conditions = [_random_comparison(rng) for _ in range(count)]
    lines = [f"{text} is {value}" for text, value in conditions]
    op = rng.choice(("and", "or"))

    first, second = conditions[:2]
    if level == 2:
        first = _join(op, conditions[0], conditions[1], lines)
        second = conditions[2]
    elif level == 3:
        first = _negate(conditions[0], lines)
        second = _join(op, conditions[1], conditions[2], lines)
    elif level == 4:
        right = _join("and", conditions[1], conditions[2], lines)
        first = _join("or", conditions[0], right, lines)
        second = conditions[3]
    elif level == 5:
        text, value = _join(op, conditions[0], conditions[1], lines)
        first = _negate((f"({text})", value), lines)
        left = _join("and", conditions[2], conditions[3], lines)
        second = _join("or", left, conditions[4], lines)

    prompt = f"What does this print?\nprint({first[0]}, {second[0]})"
    return draft_with_steps(prompt, f"{first[1]} {second[1]}", lines)


def _random_comparison(rng: Random) -> _Condition:
    op = rng.choice(list(_COMPARISONS))
    left = rng.randint(0, 9)
    right = rng.randint(0, 9)
    # Two random digits are equal one time in ten, and == would nearly always be False.
    if op in {"==", "!="} and rng.random() < 0.5:
        right = left
    return f"{left} {op} {right}", _COMPARISONS[op](left, right)


def _join(op: str, left: _Condition, right: _Condition, lines: list[str]) -> _Condition:
    left_text, left_value = left
    right_text, right_value = right
    value = left_value or right_value
    if op == "and":
        value = left_value and right_value
    lines.append(f"{left_value} {op} {right_value} is {value}")
    return f"{left_text} {op} {right_text}", value


def _negate(condition: _Condition, lines: list[str]) -> _Condition:
    text, value = condition
    lines.append(f"not {value} is {not value}")
    return f"not {text}", not value


PROGRAMMING = ProceduralSource(
    "programming",
    {
        "booleans": draft_booleans,
        "counting": draft_counting,
        "expressions": draft_expression,
        "fix": draft_fix,
        "indexing": draft_indexing,
        "trace": draft_trace,
    },
)


class ProgrammingConfig(PartConfig):
    """Short Python programs to read, and one line of Python to write or repair."""

    type: str = "programming"

    def build(self, context: Any = None) -> Source:
        return PROGRAMMING
