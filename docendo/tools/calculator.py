"""The calculator: exact arithmetic on text, by a parser of its own. Nothing is ever evaluated as Python."""

import re
from fractions import Fraction

from docendo.errors import UserError

__all__ = ["calculate", "format_number"]

_MAX_INPUT = 200
_MAX_RESULT = 60
"""Characters of a result; a longer one would fill the answer that asked for it."""
_MAX_BRACKETS = 40
"""Each bracket is a recursion of the parser."""
_MAX_BITS = 4096
_DIGITS = 10
_TOKEN = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+|\*\*|//|[-+*/%()])")
_SIGNS = str.maketrans(
    "\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{DIVISION SIGN}\N{MINUS SIGN}", "**/-"
) | {ord("^"): "**"}


def calculate(text: str) -> str:
    """The value of an expression in ``+ - * / // % **`` and parentheses: exact, if need be a fraction in lowest terms.

    With a decimal point in the input it is a decimal, of 10 significant digits where it would not
    end. Raises UserError, in a few words, for what is no such expression, is too long or too
    large. The work is bounded.
    """
    if len(text) > _MAX_INPUT:
        raise UserError(f"longer than {_MAX_INPUT} characters")
    if text.count("(") > _MAX_BRACKETS:
        raise UserError(f"more than {_MAX_BRACKETS} brackets")

    parser = _Parser(text)
    value = parser.read_sum()
    if parser.token:
        raise UserError(f"{parser.token!r} is not wanted there")

    result = format_number(value) if "." in text else str(value)
    if len(result) > _MAX_RESULT:
        raise UserError("the result is too long")
    return result


def format_number(value: Fraction) -> str:
    """`value` as a decimal: in full with up to 10 decimals, else to 10 significant digits.

    Raises UserError for a number beyond 1e308 that has no such decimals.
    """
    scaled = value * 10**_DIGITS
    if scaled.denominator != 1:
        try:
            return f"{float(value):.{_DIGITS}g}"
        except OverflowError:
            raise UserError("the number is too large") from None

    # Not by way of a float, which has 16 digits.
    digits = str(abs(scaled.numerator)).rjust(_DIGITS + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-_DIGITS]}.{digits[-_DIGITS:]}".rstrip("0").rstrip(".")


class _Parser:
    """Recursive descent: one method per precedence, the loosest first."""

    def __init__(self, text: str) -> None:
        text = text.translate(_SIGNS).strip()
        self.tokens: list[str] = []
        self.place = 0
        end = 0
        while end < len(text):
            match = _TOKEN.match(text, end)
            if not match:
                raise UserError(f"{text[end:].strip()[:1]!r} is not arithmetic")
            self.tokens.append(match[1])
            end = match.end()

    @property
    def token(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *tokens: str) -> str:
        """The next token where it is one of these, else nothing."""
        token = self.token
        if token not in tokens:
            return ""
        self.place += 1
        return token

    def read_sum(self) -> Fraction:
        value = self.read_product()
        while operator := self.take("+", "-"):
            right = self.read_product()
            value = _check_size(value + right if operator == "+" else value - right)
        return value

    def read_product(self) -> Fraction:
        value = self.read_signed()
        while operator := self.take("*", "/", "//", "%"):
            value = _multiply(value, operator, self.read_signed())
        return value

    def read_signed(self) -> Fraction:
        sign = self.take("-", "+")
        if not sign:
            return self.read_power()
        value = self.read_signed()
        return -value if sign == "-" else value

    def read_power(self) -> Fraction:
        base = self.read_atom()
        # To the right: 2**3**2 is 2**9, and an exponent may have a sign.
        return _raise(base, self.read_signed()) if self.take("**") else base

    def read_atom(self) -> Fraction:
        if self.take("("):
            value = self.read_sum()
            if not self.take(")"):
                raise UserError("a bracket is not closed")
            return value

        token = self.token
        if not token:
            raise UserError("it ends where a number is wanted")
        if token[0] not in ".0123456789":
            raise UserError(f"a number is wanted, not {token!r}")
        self.place += 1
        return Fraction(token)


def _multiply(left: Fraction, operator: str, right: Fraction) -> Fraction:
    if operator == "*":
        return _check_size(left * right)
    if not right:
        raise UserError("division by zero")
    if operator == "/":
        return _check_size(left / right)
    return _check_size(Fraction(left // right) if operator == "//" else left % right)


def _raise(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise UserError("a power with a fraction for its exponent")
    if not base and exponent < 0:
        raise UserError("division by zero")
    # Before the power is worked out: 9**9**9 would not end.
    if _count_bits(base) * abs(exponent) > _MAX_BITS and abs(base) not in {0, 1}:
        raise UserError("the number is too large")
    return _check_size(Fraction(base ** int(exponent)))


def _check_size(value: Fraction) -> Fraction:
    """After every step, so that no step is slow."""
    if _count_bits(value) > _MAX_BITS:
        raise UserError("the number is too large")
    return value


def _count_bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
