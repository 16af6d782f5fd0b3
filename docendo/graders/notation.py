"""One notation for what is written in many: characters, quotes, LaTeX, powers of ten, numbers."""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

__all__ = ["Quantity", "plain", "powers_as_exponents", "read_quantity", "simple_fractions"]

_MAX_QUANTITY = 300
"""Characters of a text that is read as a number."""
_FULL_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)}
_SIGNS = str.maketrans(
    "\u2010\u2011\u2012\u2013\u2212\ufe63\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\xab\xbb\u2044",
    '------\'\'\'\'""""""/',
)
_RAISED = str.maketrans(
    "\u2070\xb9\xb2\xb3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b", "0123456789+-"
)
_RAISED_RUN = re.compile("[\u2070\xb9\xb2\xb3\u2074-\u207b]+")
_VULGAR = re.compile("[\xbc-\xbe\u2150-\u215e]")
_GROUP_SPACE = re.compile(r"(?<=[0-9])[\u00a0\u2007\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_LATEX = (
    (re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\[()\[\]]"), "$"),
    (re.compile(r"\\([%$])|\\(?:left|right)(?![a-zA-Z])|\\[!;: ]"), r"\1"),
    (re.compile(r"\{,\}|(?<=[0-9])\\,(?=[0-9]{3})"), ","),
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([\w.]+)\}\s*\{([\w.]+)\}|([0-9])\s*([0-9]))")
_POWER = re.compile(
    r"((?<=[0-9.])\s*(?:[xX\xd7*\xb7\u22c5]|\\times|\\cdot)\s*)?(?<![0-9.])10\s*(?:\^|\*\*)\s*"
    r"(?:([+-]?[0-9]{1,3})|\{\s*([+-]?[0-9]{1,3})\s*\}|\(\s*([+-]?[0-9]{1,3})\s*\))(?![0-9])"
)
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALE = re.compile(rf"(?<=[0-9])\s*({'|'.join(_SCALES)})s?\b", re.IGNORECASE)
_DECIMAL = (
    r"(?:(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?:[eE][+-]?[0-9]{1,3}(?![0-9]))?"
)
_NUMBER = re.compile(
    r"(?:(?<![\w)\]}%])(?P<sign>[-+])\s*)?(?<![\w.^])(?:(?P<whole>[0-9]+)\s+(?=[0-9]+\s*/))?"
    rf"(?P<top>{_DECIMAL})(?:\s*/\s*(?P<bottom>{_DECIMAL}))?"
)
_EQUALS = re.compile(r"=|\u2248|\\approx(?![a-zA-Z])")
_WORD = re.compile(r"[^\W\d_]+(?:\^?[{(]?[-+]?[0-9]+[)}]?)?")
# What a unit is, and a name is not: "3 km", "3km", "3 square feet"; no "3 May", "3D", "3-Eleven".
_UNIT = re.compile(
    r"\s*(?:%|\xb0\s?[CFK]?)?\s*|\s*(?:[kcm\xb5\u03bc]?[mgls]|[mM]?[lL]|h|min|ft|[kMG]?Hz|[kMG]B|kWh|km/h)[23]?"
    r"|\s+(?!.*[A-Z][a-z]{2})[^\W\d_](?:[^\d,;:()=]|(?<=[A-Za-z^-])[0-9])*"
)


class Quantity(NamedTuple):
    value: Fraction
    has_percent: bool
    is_all: bool
    """Whether the text is a number and a unit at the most; a name, a date or a pair is not."""


def plain(text: str) -> str:
    """`text` in NFC with ASCII signs, quotes and digits, LaTeX's marks taken off, and single spaces.

    Full-width characters are their narrow ones, raised digits an exponent (``m^2``), characters of
    no width nothing, and a no-break or thin space between groups of three digits is a comma.
    """
    text = unicodedata.normalize("NFC", text).translate(_FULL_WIDTH).translate(_SIGNS)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = _RAISED_RUN.sub(lambda run: "^" + run[0].translate(_RAISED), text)
    text = _VULGAR.sub(_spell_vulgar_fraction, text)
    text = _GROUP_SPACE.sub(",", text)
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def powers_as_exponents(text: str) -> str:
    """``1.5e3`` for ``1.5 x 10^3``, and ``1e3`` for ``10**3``: a power of ten, however it is spelled."""
    return _POWER.sub(_spell_exponent, text)


def simple_fractions(text: str) -> str:
    r"""``1/2`` for ``\frac{1}{2}``; other fractions stay as they are."""
    return _FRACTION.sub(_spell_fraction, text)


def read_quantity(text: str) -> Quantity | None:
    """The one number of a text; None where there is none, or where there are several.

    It may have a sign, with spaces; groups of three digits; a fraction, after a whole number too;
    a power of ten, or a word for one. Words and a unit around it are not read, nor what stands in
    brackets after it. Of an equation, what follows the last ``=`` is read.
    """
    text = powers_as_exponents(simple_fractions(plain(text[:_MAX_QUANTITY])))
    text = _SCALE.sub(lambda scale: f"e{_SCALES[scale[1].lower()]}", text)
    text = re.sub(r"\b(?:minus|negative)\s+(?=[0-9.])", "-", text, flags=re.IGNORECASE)
    *names, text = _EQUALS.split(re.sub(r"[$\u20ac\xa3\xa5\u20b9]", " ", text))
    text = re.sub(r"(?<=[\w%])\s+\([^()]*\)(?=\.?$)", "", text.strip("\"'` ")).strip()

    match = _NUMBER.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    after = text[match.end() :]
    # A second number, or a sign of arithmetic, would leave open which number is meant.
    if re.search(r"[0-9^*]", _WORD.sub("", f"{before} {after}")):
        return None
    try:
        value = _value_of(match)
    except (ValueError, ZeroDivisionError):
        return None
    has_percent = bool(re.match(r"\s*(?:%|per ?cent\b)", after))
    is_bare = not before.strip() and bool(_UNIT.fullmatch(after.rstrip(".")))
    # "007" is a name, and "a = 1, b = 2" a pair.
    is_all = is_bare and not re.match("0[0-9]", match["top"]) and _is_name(names)
    return Quantity(value, has_percent, is_all)


def _value_of(match: re.Match[str]) -> Fraction:
    """Raises ValueError or ZeroDivisionError where it has none."""
    whole, top, bottom = (
        Fraction((match[name] or default).replace(",", "").removesuffix("."))
        for name, default in (("whole", "0"), ("top", "0"), ("bottom", "1"))
    )
    value = whole + top / bottom
    return -value if match["sign"] == "-" else value


def _is_name(sides: list[str]) -> bool:
    """Whether there is nothing, or one name, as in ``x = 5``."""
    return not sides or bool(
        len(sides) == 1 and re.fullmatch(r"\s*[^\W\d]\w*\s*", sides[0])
    )


def _spell_exponent(power: re.Match[str]) -> str:
    mantissa = "" if power[1] else "1"
    return f"{mantissa}e{power[2] or power[3] or power[4]}"


def _spell_fraction(fraction: re.Match[str]) -> str:
    return f" {fraction[1] or fraction[3]}/{fraction[2] or fraction[4]}"


def _spell_vulgar_fraction(character: re.Match[str]) -> str:
    return " " + unicodedata.normalize("NFKC", character[0]).replace("\u2044", "/")
