"""The calculator: exact arithmetic on what is written, by a parser of its own. Nothing is ever evaluated as Python."""

import re
from fractions import Fraction

from docendo.errors import UserError

__all__ = ["calculate", "format_number"]

_LONGEST_INPUT, _LONGEST_RESULT, _MOST_BRACKETS, _MOST_BITS, _DIGITS = 200, 60, 40, 4096, 10
_TOKEN = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+|\*\*|//|[-+*/%()])")
_SAME = str.maketrans(
    "\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{DIVISION SIGN}\N{MINUS SIGN}", "**/-", ""
) | {ord("^"): "**"}


def calculate(text: str) -> str:
    """The value of an expression in ``+ - * / // % **`` and parentheses: exact, a fraction in lowest terms if need be.

    With a decimal point in the input it is a decimal, of 10 significant digits where it would not end. Raises UseError,
    in a few words, for what is no such expression, is too long or too large; the work is bounded.
    """
    if len(text) > _LONGEST_INPUT:
        raise UserError(f"longer than {_LONGEST_INPUT} characters")
    if text.count("(") > _MOST_BRACKETS:
        raise UserError(f"more than {_MOST_BRACKETS} brackets")
    parser = _Parser(text)
    value = parser.sum()
    parser.end()
    result = format_number(value) if "." in text else str(value)
    if len(result) > _LONGEST_RESULT:
        raise UserError("the result is too long")
    return result


def format_number(value: Fraction) -> str:
    """`value` as a decimal: in full where that is 10 decimals at the most, else to 10 significant digits.

    Raises UseError for a number beyond 1e308 that has no such decimals.
    """
    scaled = value * 10**_DIGITS
    if scaled.denominator == 1:
        digits = str(abs(scaled.numerator)).rjust(_DIGITS + 1, "0")
        whole, part = digits[:-_DIGITS], digits[-_DIGITS:].rstrip("0")
        return f"{'-' if value < 0 else ''}{whole}{'.' * bool(part)}{part}"
    try:
        return f"{float(value):.{_DIGITS}g}"
    except OverflowError:
        raise UserError("the number is too large") from None


class _Parser:
    """One method per precedence, the loosest first."""

    def __init__(self, text: str) -> None:
        self.tokens, at, text = list[str](), 0, text.translate(_SAME).strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise UserError(f"{text[at:].strip()[:1]!r} is not arithmetic")
            self.tokens.append(found[1])
            at = found.end()
        self.at = 0

    def sum(self) -> Fraction:
        value = self.product()
        while operator := self.take("+", "-"):
            right = self.product()
            value = _bounded(value + right if operator == "+" else value - right)
        return value

    def product(self) -> Fraction:
        value = self.signed()
        while operator := self.take("*", "/", "//", "%"):
            value = _combined(value, operator, self.signed())
        return value

    def signed(self) -> Fraction:
        sign = self.take("-", "+")
        if not sign:
            return self.power()
        return -self.signed() if sign == "-" else self.signed()

    def power(self) -> Fraction:
        base = self.atom()
        return _power(base, self.signed()) if self.take("**") else base

    def atom(self) -> Fraction:
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise UserError("a bracket is not closed")
            return value
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if not token or not (token[0].isdigit() or token[0] == "."):
            raise UserError(
                f"a number is wanted, not {token!r}"
                if token
                else "it ends where a number is wanted"
            )
        self.at += 1
        return Fraction(token)

    def take(self, *wanted: str) -> str:
        """The next token where it is one of these, else nothing."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if token not in wanted:
            return ""
        self.at += 1
        return token

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise UserError(f"{self.tokens[self.at]!r} is not wanted there")


def _combined(left: Fraction, operator: str, right: Fraction) -> Fraction:
    if operator == "*":
        return _bounded(left * right)
    if not right:
        raise UserError("division by zero")
    if operator == "/":
        return _bounded(left / right)
    return _bounded(Fraction(left // right) if operator == "//" else left % right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise UserError("a power with a fraction for its exponent")
    if not base and exponent < 0:
        raise UserError("division by zero")
    # before the power is worked out: 9**9**9 would not end
    if _bits(base) * abs(exponent) > _MOST_BITS and abs(base) not in {0, 1}:
        raise UserError("the number is too large")
    return _bounded(Fraction(base ** int(exponent)))


def _bounded(value: Fraction) -> Fraction:
    if _bits(value) > _MOST_BITS:
        raise UserError("the number is too large")
    return value


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
