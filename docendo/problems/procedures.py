"""Words that stand for procedures: domains that a model of two million weights can learn.

A procedure is a few steps on a short string. A worked solution names each step and its
result: ``tor abcd`` is ``rev dcba``, ``up edcb``, ``dbl edcbb``. One example shows what a
word means; guessing does not. Each domain has two words made of common steps, and two words
with a step that nothing else has.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise, permutations
from random import Random
from typing import Any, NamedTuple

from docendo.interfaces import Source
from docendo.parts import PartConfig
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
    "ProcedureConfig",
    "ProcedureSpec",
    "Step",
    "draft_procedure",
    "draft_spelled_out",
    "procedure_source",
]

Step = Callable[[str], str]

_LETTERS = "abcdefghij"
_BASES = "acgt"
_MINUTES_PER_DAY = 24 * 60


class ProcedureSpec(NamedTuple):
    """What a domain of procedures is made of."""

    steps: Mapping[str, Step]
    """The common steps, by name."""
    unique_steps: Mapping[str, Step]
    """Steps that only one of the domain's words has."""
    words: Mapping[str, tuple[str, ...]]
    """The names of the steps of each word that is taught."""
    make_text: Callable[[Random, int], str]
    """A string to work on, of a level."""


def draft_procedure(
    name: str, steps: Sequence[str], spec: ProcedureSpec, text: str
) -> Draft:
    """The question what `name` makes of `text`, solved step by step."""
    functions = {**spec.steps, **spec.unique_steps}
    lines = []
    result = text
    for step in steps:
        result = functions[step](result)
        lines.append(f"{step} {result}")
    return draft_with_steps(f"{name} {text}", result, lines)


def draft_spelled_out(spec: ProcedureSpec, rng: Random, level: int) -> Draft:
    """A question that names its two steps.

    They are common ones, in an order that no word of the domain has.
    """
    # a pair that a word has would teach half of that word
    taught = set(chain.from_iterable(map(pairwise, spec.words.values())))
    pairs = [pair for pair in permutations(spec.steps, 2) if pair not in taught]
    steps = rng.choice(pairs)
    return draft_procedure(" ".join(steps), steps, spec, spec.make_text(rng, level))


def procedure_source(domain: str) -> ProceduralSource:
    """The domain's words, a family each.

    The family ``spelled`` has questions that name their steps.
    """
    spec = PROCEDURES[domain]

    # a function of its own, since a lambda in a loop would see the last name only
    def draft_word(name: str, steps: Sequence[str]) -> DraftFunction:
        return lambda rng, level: draft_procedure(
            name, steps, spec, spec.make_text(rng, level)
        )

    families = {name: draft_word(name, steps) for name, steps in spec.words.items()}
    families["spelled"] = partial(draft_spelled_out, spec)
    return ProceduralSource(domain, families)


def _shift(alphabet: str, by: int) -> Step:
    return _replace(alphabet, alphabet[by:] + alphabet[:by])


def _replace(alphabet: str, by: str) -> Step:
    table = str.maketrans(alphabet, by)
    return lambda text: text.translate(table)


def _random_word(alphabet: str, extra: int) -> Callable[[Random, int], str]:
    return lambda rng, level: "".join(rng.choice(alphabet) for _ in range(level + extra))


def _reverse(text: str) -> str:
    return text[::-1]


def _rotate(text: str) -> str:
    return text[1:] + text[:1]


def _swap_ends(text: str) -> str:
    return text[-1:] + text[1:-1] + text[:1] if len(text) > 1 else text


def _sort(text: str) -> str:
    return "".join(sorted(text))


def _on_number(change: Callable[[int], int]) -> Step:
    # `cut` may leave an empty text, and a number never goes below 0.
    return lambda text: str(max(0, change(int(text or "0"))))


def _add(amount: int) -> Step:
    return _on_number(lambda number: number + amount)


def _multiply(factor: int) -> Step:
    return _on_number(lambda number: number * factor)


def _random_number(rng: Random, level: int) -> str:
    return str(rng.randint(10**level, 10 ** (level + 1) - 1))


def _on_time(change: Callable[[int], int]) -> Step:
    # modulo a day, which also brings the mirror image of a time back above 0
    def step(text: str) -> str:
        minutes = change(60 * int(text[:2]) + int(text[3:])) % _MINUTES_PER_DAY
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return step


def _add_minutes(minutes: int) -> Step:
    return _on_time(lambda time: time + minutes)


def _random_time(rng: Random, level: int) -> str:
    hour = rng.randrange(24)
    minute = rng.randrange(60) if level > 1 else 5 * rng.randrange(12)
    return f"{hour:02}:{minute:02}"


def _exchange_middle(text: str) -> str:
    """Exchange the second and the third character."""
    return text[:1] + text[2:3] + text[1:2] + text[3:]


def _mark_bases(text: str) -> str:
    """Mark each c before a g, and each a before a t."""
    return text.replace("cg", "mg").replace("at", "nt")


_STRING_STEPS: Mapping[str, Step] = {
    "rev": _reverse,
    "rot": _rotate,
    "swap": _swap_ends,
    "cut": lambda text: text[1:],
}

LETTERS = ProcedureSpec(
    steps={
        **_STRING_STEPS,
        "up": _shift(_LETTERS, 1),
        "down": _shift(_LETTERS, -1),
        "sort": _sort,
        "dbl": lambda text: text + text[-1:],
    },
    unique_steps={"kel": _replace("adgi", "hbjc"), "lop": lambda text: text[::2]},
    words={
        "tor": ("rev", "up", "dbl"),
        "gan": ("swap", "down"),
        "mib": ("kel", "rot"),
        "zep": ("lop", "dbl"),
    },
    make_text=_random_word(_LETTERS, 2),
)
DIGITS = ProcedureSpec(
    steps={
        **{f"+{n}": _add(n) for n in range(1, 10)},
        "x2": _multiply(2),
        "x3": _multiply(3),
        "rot": _rotate,
        "sort": _sort,
        "cut": lambda text: text[1:],
        "end": lambda text: text[-1:],
    },
    unique_steps={"+37": _add(37), "mid": _exchange_middle},
    words={
        "vun": ("x2", "+8", "sort"),
        "hob": ("x3", "cut"),
        "dap": ("+37", "rot"),
        "wug": ("mid", "+6"),
    },
    make_text=_random_number,
)
GENES = ProcedureSpec(
    steps={
        **_STRING_STEPS,
        "pair": _replace(_BASES, "tgca"),
        "rna": lambda text: text.replace("t", "u"),
        "cap": lambda text: "g" + text,
        "tail": lambda text: text + "aa",
    },
    unique_steps={
        "met": _mark_bases,
        "fus": lambda text: text.replace("aa", "w").replace("cc", "y"),
    },
    words={
        "sel": ("pair", "rev", "rna"),
        "bav": ("rot", "tail"),
        "pok": ("met", "rev"),
        "rul": ("fus", "cap"),
    },
    make_text=_random_word(_BASES, 3),
)
CLOCK = ProcedureSpec(
    steps={
        **{f"+{n}": _add_minutes(n) for n in (5, 10, 15, 20, 30)},
        "noon": _add_minutes(_MINUTES_PER_DAY // 2),
        "mir": _on_time(lambda time: -time),
        "hour": _on_time(lambda time: time - time % 60),
        "half": _on_time(lambda time: time // 2),
    },
    unique_steps={"+47": _add_minutes(47), "-18": _add_minutes(-18)},
    words={
        "fam": ("noon", "mir", "+20"),
        "dit": ("half", "+5"),
        "jeb": ("+47", "mir"),
        "kos": ("-18", "noon"),
    },
    make_text=_random_time,
)
PROCEDURES: Mapping[str, ProcedureSpec] = {
    "letters": LETTERS,
    "digits": DIGITS,
    "genes": GENES,
    "clock": CLOCK,
}
"""By domain."""


class ProcedureConfig(PartConfig):
    """Words that stand for procedures on short strings, for the laboratory base (nano)."""

    def build(self, context: Any = None) -> Source:
        return procedure_source(self.type)
