"""Words whose rules an example shows in part: domains where a lesson is worth a little or a lot.

A domain's symbols come in groups of three. A word has a rule for each of its groups, which
says how the three change places. A problem is a string of symbols from these groups. Its
answer shows what some symbols become, and pairs show it symbol by symbol. Steps also name the
rules of these symbols' groups. The line ``why`` names all rules of the word.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field

from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.procedural import (
    Draft,
    DraftFunction,
    ProceduralSource,
    draft_with_steps,
)

__all__ = [
    "DOMAINS",
    "PLACES",
    "STYLES",
    "RuleConfig",
    "RuleDomain",
    "Style",
    "draft_rules",
    "draw_rules",
    "rule_source",
]

Style = Literal["answer", "pairs", "steps", "why"]
STYLES: tuple[Style, ...] = get_args(Style)
"""What a worked solution says, each style more than the one before it."""
PLACES: Mapping[str, tuple[int, int, int]] = {
    "=": (0, 1, 2),
    ">": (1, 2, 0),
    "<": (2, 0, 1),
    "(": (0, 2, 1),
    "^": (2, 1, 0),
    ")": (1, 0, 2),
}
"""By rule: the place in its group that each place goes to. Any one place leaves two rules."""
_SPELLED_GROUPS = 4


class RuleDomain(NamedTuple):
    """The symbols of a domain, and its words."""

    groups: tuple[str, ...]
    words: Mapping[str, str]
    """By word: its rules, each after the first symbol of its group."""


def draw_rules(groups: tuple[str, ...], count: int, rng: Random) -> str:
    """Rules of `count` of the groups, in any order."""
    drawn = rng.sample(groups, count)
    return " ".join(group[0] + rng.choice(list(PLACES)) for group in drawn)


def draft_rules(
    name: str,
    rules: str,
    domain: RuleDomain,
    styles: Sequence[Style],
    rng: Random,
    level: int,
) -> Draft:
    """The question what `name` makes of a string of `level` + 2 symbols.

    It is solved in one of the styles.
    """
    changes = dict(_changes(rules, domain))
    text = "".join(rng.choices(list(changes), k=level + 2))
    # one number, however many styles there are: a seed asks the same questions in all
    style = styles[int(rng.random() * len(styles))]

    lines = [f"why {rules}"] if style == "why" else []
    if style == "pairs":
        lines += [f"{symbol}{changes[symbol][1]}" for symbol in text]
    elif style != "answer":
        lines += [f"{symbol}{''.join(changes[symbol])}" for symbol in text]
    result = "".join(changes[symbol][1] for symbol in text)
    return draft_with_steps(f"{name} {text}", result, lines)


def _changes(rules: str, domain: RuleDomain) -> Iterator[tuple[str, tuple[str, str]]]:
    """Of each symbol: its rule, and what it becomes."""
    by_first = {group[0]: group for group in domain.groups}
    for pair in rules.split(" "):
        first, rule = pair[0], pair[1:]
        group = by_first[first]
        for symbol, place in zip(group, PLACES[rule], strict=True):
            yield symbol, (rule, group[place])


def rule_source(name: str, styles: Sequence[Style] = STYLES) -> ProceduralSource:
    """The domain's words, a family each, with worked solutions in these styles.

    The family ``spelled`` has questions that name their rules.
    """
    domain = DOMAINS[name]

    def draft_word(word: str, rules: str) -> DraftFunction:
        return lambda rng, level: draft_rules(word, rules, domain, styles, rng, level)

    def draft_spelled_out(rng: Random, level: int) -> Draft:
        rules = draw_rules(domain.groups, _SPELLED_GROUPS, rng)
        return draft_rules(rules, rules, domain, ["steps"], rng, level)

    families = {word: draft_word(word, rules) for word, rules in domain.words.items()}
    families["spelled"] = draft_spelled_out
    return ProceduralSource(name, families)


DOMAINS: Mapping[str, RuleDomain] = {
    "lower": RuleDomain(
        groups=("abc", "def", "ghi", "jkl", "mno", "pqr"),
        words={
            "bim": "d( g)",
            "dop": "a< m^ p=",
            "fep": "a( d( j= m>",
            "gul": "a) d) g^ j= m^ p^",
        },
    ),
    "upper": RuleDomain(
        groups=("ABC", "DEF", "GHI", "JKL", "MNO", "PQR"),
        words={
            "haz": "A> J=",
            "jit": "D( G> M^",
            "kov": "A) G> J= M^",
            "lun": "A^ D> G( J) M^ P(",
        },
    ),
    "codes": RuleDomain(
        groups=("012", "345", "678", "stu", "vwx", "yz9"),
        words={
            "meb": "6^ s(",
            "nif": "3> 6) y>",
            "pag": "0( 6< s) v(",
            "rud": "0< 3> 6( s( v= y)",
        },
    ),
    "signs": RuleDomain(
        groups=("+-/", "@#&", "!?;", "STU", "VWX", "YZ~"),
        words={
            "sab": "+^ V<",
            "tev": "!^ S( Y=",
            "vok": "+) != S= V)",
            "zin": "+= @( !< S> V^ Y=",
        },
    ),
}
"""By name. Words have 2, 3, 4 and 6 groups: the more, the less of its rules an example shows."""


class RuleConfig(PartConfig):
    """Words whose rules an example shows in part, for the laboratory base nano-rules."""

    styles: list[Style] = Field(default_factory=lambda: list(STYLES), min_length=1)
    """What worked solutions show, drawn for each: "answer", "pairs", "steps" or "why"."""

    def build(self, context: Any = None) -> Source:
        return rule_source(self.type, self.styles)
