"""Prices that a query names."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from shared.text.quantities import is_unit

_CURRENCY = r"(?:€|\$|£|¥|₹|eur|euros?|usd|dollars?|bucks|gbp|pounds?|chf|pln|zł|руб|rub)"
_AMOUNT = r"(\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?)"
_MONEY = rf"{_CURRENCY}? ?{_AMOUNT} ?({_CURRENCY})?"
_BELOW = (
    "under|below|less than|no more than|not more than|cheaper than|"
    "unter|billiger als|moins de|menos de|meno di|sotto|onder|minder dan|"
    "дешевле"
)
_ABOVE = "over|above|more than|uber|mehr als|teurer als|plus de|mas de|piu di|boven|meer dan|дороже"
_SURELY_BELOW = "up to|at most|max|maximum|bis|bis zu|hochstens|jusqu'a|hasta|fino a|tot|до"
_SURELY_ABOVE = "from|at least|min|minimum|ab|mindestens|a partir de|desde|da|vanaf|от"


def _pattern(words: str, amount: str, gap: str = " ") -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{words}){gap}{amount}(?![\w.,])(?! ?[%\"'])(?P<next> [^\W\d_]+|)")


_MONEY_SURELY = rf"(?:{_CURRENCY} ?{_AMOUNT}|{_AMOUNT} ?{_CURRENCY})"
_AND = "and|but|und|aber|et|y|e|en"
_THEN = rf",? (?:(?:{_AND}) )?"
_TO = " ?(?:-|to|bis) ?"
_BETWEEN = re.compile(
    rf"(?<![\w-])(?:between |zwischen |entre |tra |tussen ){_MONEY} (?:{_AND}) {_MONEY}(?!\w)"
    rf"|(?<![\w-])(?:{_CURRENCY} ?{_AMOUNT}{_TO}{_CURRENCY}? ?{_AMOUNT}(?!\w)"
    rf"|{_AMOUNT}{_TO}{_AMOUNT} ?{_CURRENCY})(?!\w)"
    # "over 100 and under 600"
    rf"|(?<![\w-])(?:{_ABOVE}|{_SURELY_ABOVE}) {_MONEY}{_THEN}(?:{_BELOW}|{_SURELY_BELOW}) {_MONEY}(?!\w)"
    rf"|(?<![\w-])(?:{_BELOW}|{_SURELY_BELOW}) {_MONEY}{_THEN}(?:{_ABOVE}|{_SURELY_ABOVE}) {_MONEY}(?!\w)"
)
_NEXT_WORD = re.compile(" ?([^\\W\\d_]+|[%\"'])")
_AT_MOST = re.compile(rf"(?<![\w.,]){_MONEY_SURELY} ?(?:max|maximum|or less|or under)(?!\w)(?P<next>)")
_LIMITS = (
    (_pattern(_BELOW, _MONEY), False),
    (_pattern("<=?|≤", _MONEY, " ?"), False),
    (_pattern(">=?|≥", _MONEY_SURELY, " ?"), True),
    (_AT_MOST, False),
    (_pattern(_ABOVE, _MONEY_SURELY), True),
    (_pattern(_SURELY_BELOW, _MONEY_SURELY), False),
    (_pattern(_SURELY_ABOVE, _MONEY_SURELY), True),
)
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


@dataclass(frozen=True, slots=True)
class PriceLimit:
    """The prices that a query asks for, and where it says so."""

    low: float
    high: float
    start: int
    end: int


def price_limit(query: str) -> PriceLimit | None:
    """The prices that a folded query asks for, such as "under 300" or "20-50 euros".

    "under 90 cm" is no price. Other words than "under" and its like need a currency; "<" does not.
    """
    if not any(letter.isdigit() for letter in query):
        return None
    between = _BETWEEN.search(query)
    if between and not _is_measured(query, between.end()):
        low, high = (_amount(number) for number in _NUMBER.findall(between[0])[:2])
        return PriceLimit(min(low, high), max(low, high), *between.span())
    for pattern, above in _LIMITS:
        if (found := pattern.search(query)) and not is_unit(found["next"].strip()):
            amount = _amount(_NUMBER.findall(found[0])[0])
            low, high = (amount, math.inf) if above else (-math.inf, amount)
            return PriceLimit(low, high, found.start(), found.start("next"))
    return None


def _is_measured(query: str, end: int) -> bool:
    """Whether what follows a number says that it is no price: "between 5 and 10 m"."""
    following = _NEXT_WORD.match(query, end)
    return following is not None and (is_unit(following[1]) or not following[1].isalpha())


def _amount(number: str) -> float:
    whole, separator, cents = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", number).groups()  # type: ignore[union-attr]
    return float(re.sub(r"[.,]", "", whole) + (f".{cents}" if separator else ""))
