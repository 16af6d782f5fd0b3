"""Programming: reading short Python programs here, writing one line of it in `functions`.

Letters that are looked at one by one stand apart ("b a n a n a"), so that each is one token.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import add, eq, ge, gt, le, lt, ne, sub
from random import Random
from string import ascii_lowercase

from docendo.problems.functions import expressions, fix
from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps

__all__ = ["PROGRAMMING", "booleans", "counting", "indexing", "trace"]

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
    "ant bag bat bed bee bus cat cow cup day dog ear egg eye fan fox gum hat hen ice jam jar key leg map "
    "mud nut oak owl pan pen pig pot rat red sea sky sun tea ten toe top van web zoo"
)
_WORDS_OF_4 = (
    "bear bell bird boat book cake coin corn deer desk door drum duck farm fish foot frog gate goat gold "
    "hand hill king lake lamp leaf lion milk moon nest nose pear pool rain ring road rock roof room rose "
    "sand seed ship shoe snow star tree wall wind wolf wood"
)


def trace(rng: Random, level: int) -> Draft:
    """The value that a short program prints; loops from level 3, a branch in the loop at level 5."""
    if level <= 2:
        return _straight(rng, level)
    x, by, op = rng.randint(30, 150), rng.randint(1, 9), rng.choice("+-")
    first = 0 if level == 3 else rng.randint(1, 5)
    rounds = range(first, first + rng.randint(2, 3 if level == 3 else 4))
    spread = f"{rounds.stop}" if level == 3 else f"{rounds.start}, {rounds.stop}"
    body = {
        3: f"    x = x {op} {by}",
        4: f"    x = x {op} i",
        5: f"    if i % 2 == 0:\n        x = x + i\n    else:\n        x = x - {by}",
    }[level]
    source = f"x = {x}\nfor i in range({spread}):\n{body}\nprint(x)"
    lines = list[str]()
    for i in rounds:
        sign, amount = (
            (op, by)
            if level == 3
            else (op, i)
            if level == 4
            else ("-", by)
            if i % 2
            else ("+", i)
        )
        text, x = _step(x, sign, amount)
        lines.append(f"i = {i}: {text}")
    return draft_with_steps(f"What does this print?\n{source}", str(x), lines)


def _straight(rng: Random, level: int) -> Draft:
    values = {"x": rng.randint(1, 15)}
    source, lines = [f"x = {values['x']}"], list[str]()
    for target, left in (
        (("x", "x"), ("x", "x")) if level == 1 else (("y", "x"), ("x", "y"))
    ):
        by = rng.randint(1, 9)
        op = rng.choice("+-") if by <= values[left] else "+"
        text, values[target] = _step(values[left], op, by)
        source.append(f"{target} = {left} {op} {by}")
        lines.append(f"{target} = {text}")
    shown, result = "x", values["x"]
    if level == 2:
        shown = "x + y"
        text, result = _step(values["x"], "+", values["y"])
        lines.append(f"x + y = {text}")
    code = "\n".join((*source, f"print({shown})"))
    return draft_with_steps(f"What does this print?\n{code}", str(result), lines)


def _step(left: int, op: str, right: int) -> tuple[str, int]:
    result = _OPERATORS[op](left, right)
    return f"{left} {op} {right} = {result}", result


def indexing(rng: Random, level: int) -> Draft:
    """An item or a slice of a list of digits: from the front, slices, from the back, nested, with a stride."""
    size = (5, 6, 5, 6, 8)[level - 1]
    items = [rng.randint(0, size - 1 if level == 4 else 9) for _ in range(size)]
    lines, asked, value = (_front, _slice, _back, _nested, _stride)[level - 1](rng, items)
    return draft_with_steps(f"s = {items}\nWhat is {asked}?", str(value), lines)


_Found = tuple[list[str], str, object]


def _front(rng: Random, items: list[int]) -> _Found:
    at = rng.randrange(len(items))
    return [_places(items, range(at + 1))], f"s[{at}]", items[at]


def _slice(rng: Random, items: list[int]) -> _Found:
    start = rng.randint(1, 3)
    stop = start + rng.randint(1, 2)
    lines = [_places(items, range(stop)), f"keep {' '.join(map(str, range(start, stop)))}"]
    return lines, f"s[{start}:{stop}]", items[start:stop]


def _back(rng: Random, items: list[int]) -> _Found:
    at = rng.randint(1, len(items) - 1)
    places = [_places(items, range(-1, -at - 1, -1))]
    if rng.random() < 0.5:
        return places, f"s[-{at}]", items[-at]
    return [*places, "keep these in order"], f"s[-{at}:]", items[-at:]


def _nested(rng: Random, items: list[int]) -> _Found:
    at = rng.randrange(len(items))
    then = items[at]
    lines = [
        _places(items, range(at + 1)),
        f"s[{at}] = {then}",
        _places(items, range(then + 1)),
    ]
    return lines, f"s[s[{at}]]", items[then]


def _stride(rng: Random, items: list[int]) -> _Found:
    start, stop, by = rng.randint(0, 2), rng.randint(5, 8), rng.choice((2, 3))
    kept = range(start, stop, by)
    lines = [_places(items, range(stop)), f"keep {' '.join(map(str, kept))}"]
    return lines, f"s[{start}:{stop}:{by}]", items[start:stop:by]


def _places(items: Sequence[int], at: Sequence[int]) -> str:
    return " ".join(f"{i}:{items[i]}" for i in at)


def counting(rng: Random, level: int) -> Draft:
    """How often a letter (level 4: any vowel) occurs in spaced letters (level 1) or words (above)."""
    if level == 1:
        few = rng.sample(ascii_lowercase, 3)
        text = " ".join(rng.choice(few) for _ in range(5))
    else:
        words = (_WORDS_OF_3 if level == 2 else _WORDS_OF_4).split()
        text = " ".join(
            rng.sample(words, rng.randint(2, 4) if level == 4 else 4 if level == 5 else 3)
        )
    count = rng.choice(sorted({text.count(letter) for letter in ascii_lowercase}))
    wanted = rng.choice(
        [letter for letter in ascii_lowercase if text.count(letter) == count]
    )
    asked = f'"{text}".count("{wanted}")'
    if level == 4:
        wanted, asked = "aeiou", f'sum(c in "aeiou" for c in "{text}")'
    letters = text.replace(" ", "")
    seen = list(accumulate(int(letter in wanted) for letter in letters))
    running = " ".join(
        f"{letter} {so_far}" for letter, so_far in zip(letters, seen, strict=True)
    )
    return draft_with_steps(f"What is {asked}?", str(seen[-1]), [running])


def booleans(rng: Random, level: int) -> Draft:
    """What ``print`` shows for two conditions: two values, so that a guess is right one time in four."""
    given = [_compared(rng) for _ in range((2, 3, 3, 4, 5)[level - 1])]
    lines, op = [f"{text} is {value}" for text, value in given], rng.choice(("and", "or"))
    if level == 1:
        first, second = given
    elif level == 2:
        first, second = _joined(op, given[0], given[1], lines), given[2]
    elif level == 3:
        first, second = _negated(given[0], lines), _joined(op, given[1], given[2], lines)
    elif level == 4:
        first, second = (
            _joined("or", given[0], _joined("and", given[1], given[2], lines), lines),
            given[3],
        )
    else:
        text, value = _joined(op, given[0], given[1], lines)
        first = _negated((f"({text})", value), lines)
        second = _joined("or", _joined("and", given[2], given[3], lines), given[4], lines)
    return draft_with_steps(
        f"What does this print?\nprint({first[0]}, {second[0]})",
        f"{first[1]} {second[1]}",
        lines,
    )


_Truth = tuple[str, bool]


def _compared(rng: Random) -> _Truth:
    op, left, right = rng.choice(list(_COMPARISONS)), rng.randint(0, 9), rng.randint(0, 9)
    if op in {"==", "!="} and rng.random() < 0.5:
        right = left
    return f"{left} {op} {right}", _COMPARISONS[op](left, right)


def _joined(op: str, left: _Truth, right: _Truth, lines: list[str]) -> _Truth:
    value = (left[1] and right[1]) if op == "and" else (left[1] or right[1])
    lines.append(f"{left[1]} {op} {right[1]} is {value}")
    return f"{left[0]} {op} {right[0]}", value


def _negated(truth: _Truth, lines: list[str]) -> _Truth:
    lines.append(f"not {truth[1]} is {not truth[1]}")
    return f"not {truth[0]}", not truth[1]


PROGRAMMING = ProceduralSource(
    "programming",
    {
        "booleans": booleans,
        "counting": counting,
        "expressions": expressions,
        "fix": fix,
        "indexing": indexing,
        "trace": trace,
    },
)
