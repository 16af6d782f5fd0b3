"""Words that stand for procedures: small domains that a model of two million weights can learn.

A procedure is a few steps on a short string, and a worked solution names each step and what it makes:
``tor abcd`` is ``rev dcba``, ``up edcb``, ``dbl edcbb``. What a word means can be told from one example, and not
guessed. Each domain has two words whose steps are known ones, and two with a step that nothing else has.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from docendo.problems.procedural import (
    Draft,
    DraftFunction,
    ProceduralSource,
    draft_with_steps,
)

__all__ = [
    "CLOCK",
    "DIGITS",
    "GENES",
    "LETTERS",
    "PROCEDURES",
    "ProcedureSpec",
    "Step",
    "draft_procedure",
    "draft_spelled_out",
    "procedure_source",
]

Step = Callable[[str], str]

_LETTERS = "abcdefghij"
_BASES = "acgt"
_DAY = 24 * 60


class ProcedureSpec(NamedTuple):
    """What a domain is made of."""

    steps: Mapping[str, Step]
    """By name: those that everybody may know."""
    own: Mapping[str, Step]
    """Those that only one of the domain's words has."""
    words: Mapping[str, tuple[str, ...]]
    """The steps of each word that is taught."""
    make: Callable[[Random, int], str]
    """A string to work on, of a level."""


def draft_procedure(
    name: str, steps: Sequence[str], craft: ProcedureSpec, text: str
) -> Draft:
    """The question what `name` makes of `text`, solved step by step."""
    known, lines, now = {**craft.steps, **craft.own}, list[str](), text
    for step in steps:
        now = known[step](now)
        lines.append(f"{step} {now}")
    return draft_with_steps(f"{name} {text}", now, lines)


def draft_spelled_out(craft: ProcedureSpec, rng: Random, level: int) -> Draft:
    """A question that names its steps, two of the known ones, in an order that no word of the domain has."""
    taken = {pair for steps in craft.words.values() for pair in pairwise(steps)}
    pairs = [
        (a, b) for a in craft.steps for b in craft.steps if a != b and (a, b) not in taken
    ]
    steps = rng.choice(pairs)
    return draft_procedure(" ".join(steps), steps, craft, craft.make(rng, level))


def procedure_source(domain: str) -> ProceduralSource:
    """The domain's words, and questions that spell their steps out."""
    craft = PROCEDURES[domain]

    def word(name: str) -> DraftFunction:
        return lambda rng, level: draft_procedure(
            name, craft.words[name], craft, craft.make(rng, level)
        )

    families = {name: word(name) for name in craft.words}
    return ProceduralSource(
        domain,
        {**families, "spelled": lambda rng, level: draft_spelled_out(craft, rng, level)},
    )


def _shifted(alphabet: str, by: int) -> Step:
    return _mapped(alphabet, alphabet[by:] + alphabet[:by])


def _mapped(alphabet: str, to: str) -> Step:
    table = str.maketrans(alphabet, to)
    return lambda text: text.translate(table)


def _word(alphabet: str, extra: int) -> Callable[[Random, int], str]:
    return lambda rng, level: "".join(rng.choice(alphabet) for _ in range(level + extra))


def _reversed(text: str) -> str:
    return text[::-1]


def _rotated(text: str) -> str:
    return text[1:] + text[:1]


def _swapped(text: str) -> str:
    return text[-1:] + text[1:-1] + text[:1] if len(text) > 1 else text


def _sorted(text: str) -> str:
    return "".join(sorted(text))


def _number(change: Callable[[int], int]) -> Step:
    return lambda text: str(max(0, change(int(text or "0"))))


def _added(amount: int) -> Step:
    return _number(lambda n: n + amount)


def _times(factor: int) -> Step:
    return _number(lambda n: n * factor)


def _time(change: Callable[[int], int]) -> Step:
    def step(text: str) -> str:
        minutes = change(60 * int(text[:2]) + int(text[3:])) % _DAY
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return step


def _later(minutes: int) -> Step:
    return _time(lambda t: t + minutes)


def _crossed(text: str) -> str:
    """With the second and the third character exchanged."""
    return text[:1] + text[2:3] + text[1:2] + text[3:]


def _marked(text: str) -> str:
    """With a mark on each base that a certain one follows."""
    return text.replace("cg", "mg").replace("at", "nt")


_STRINGS: Mapping[str, Step] = {
    "rev": _reversed,
    "rot": _rotated,
    "swap": _swapped,
    "cut": lambda text: text[1:],
}

LETTERS = ProcedureSpec(
    {
        **_STRINGS,
        "up": _shifted(_LETTERS, 1),
        "down": _shifted(_LETTERS, -1),
        "sort": _sorted,
        "dbl": lambda text: text + text[-1:],
    },
    {"kel": _mapped("adgi", "hbjc"), "lop": lambda text: text[::2]},
    {
        "tor": ("rev", "up", "dbl"),
        "gan": ("swap", "down"),
        "mib": ("kel", "rot"),
        "zep": ("lop", "dbl"),
    },
    _word(_LETTERS, 2),
)
DIGITS = ProcedureSpec(
    {
        **{f"+{n}": _added(n) for n in range(1, 10)},
        "x2": _times(2),
        "x3": _times(3),
        "rot": _rotated,
        "sort": _sorted,
        "cut": lambda text: text[1:],
        "end": lambda text: text[-1:],
    },
    {"+37": _added(37), "mid": _crossed},
    {
        "vun": ("x2", "+8", "sort"),
        "hob": ("x3", "cut"),
        "dap": ("+37", "rot"),
        "wug": ("mid", "+6"),
    },
    lambda rng, level: str(rng.randint(10**level, 10 ** (level + 1) - 1)),
)
GENES = ProcedureSpec(
    {
        **_STRINGS,
        "pair": _mapped(_BASES, "tgca"),
        "rna": lambda text: text.replace("t", "u"),
        "cap": lambda text: "g" + text,
        "tail": lambda text: text + "aa",
    },
    {"met": _marked, "fus": lambda text: text.replace("aa", "w").replace("cc", "y")},
    {
        "sel": ("pair", "rev", "rna"),
        "bav": ("rot", "tail"),
        "pok": ("met", "rev"),
        "rul": ("fus", "cap"),
    },
    _word(_BASES, 3),
)
CLOCK = ProcedureSpec(
    {
        **{f"+{n}": _later(n) for n in (5, 10, 15, 20, 30)},
        "noon": _later(_DAY // 2),
        "mir": _time(lambda t: -t),
        "hour": _time(lambda t: t - t % 60),
        "half": _time(lambda t: t // 2),
    },
    {"+47": _later(47), "-18": _later(-18)},
    {
        "fam": ("noon", "mir", "+20"),
        "dit": ("half", "+5"),
        "jeb": ("+47", "mir"),
        "kos": ("-18", "noon"),
    },
    lambda rng, level: (
        f"{rng.randrange(24):02}:{rng.randrange(60) if level > 1 else 5 * rng.randrange(12):02}"
    ),
)
PROCEDURES: Mapping[str, ProcedureSpec] = {
    "letters": LETTERS,
    "digits": DIGITS,
    "genes": GENES,
    "clock": CLOCK,
}
"""By domain."""
