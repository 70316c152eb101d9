"""Reads amounts and counts as people and exports write them: "1,299.00", "19,99 EUR", "$19.99"."""

import math
import re
from dataclasses import dataclass
from typing import Any

from shared.catalog.mending.mended import Mended, read_as

_LONGEST = 40  # characters; no amount needs more
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f'\u2019]+")
_PLAIN = re.compile(r"\d+(\.\d+)?")
_POINT_DECIMAL = re.compile(r"\d{1,3}(,\d{3})+\.\d+")  # 1,299.00
_COMMA_DECIMAL = re.compile(r"\d{1,3}(\.\d{3})+,\d+")  # 1.299,00
_ONLY_COMMA_DECIMAL = re.compile(r"\d+,(\d{1,2}|\d{4,})")  # 19,99; three digits could be thousands
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3}){2,}|\d{1,3}(\.\d{3}){2,}")  # 1,299,000
_INDIAN = re.compile(r"\d{1,2}(,\d{2})+,\d{3}(\.\d+)?")  # 1,49,999.00
_WHOLE_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_NO_CENTS = re.compile(r"(?<=\d)([.,])\s?[-\u2013\u2014]{1,2}(?!\d)")  # 1.299,-
_WITHOUT_CENTS = ("¥", "₩", "円", "원", "jpy", "krw")  # currencies whose amounts are whole
_PIECES = re.compile(r"(?<=\d)\s*(pcs|pc|pieces|units|items|stk|stück|st)\.?$", re.IGNORECASE)
_QUANTITIES = ("quantity", "available_quantity", "available", "qty", "value", "amount")
_CURRENCY_WORDS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₽": "RUB",
    "zł": "PLN",
    "kč": "CZK",
    "us$": "USD",
    "ca$": "CAD",
    "c$": "CAD",
    "au$": "AUD",
    "a$": "AUD",
    "nz$": "NZD",
    "r$": "BRL",
}
# Signs that several countries use: the amount is read, the currency is not
_AMBIGUOUS_CURRENCY = ("$", "¥", "kr", "kr.")
_AMOUNT = re.compile(
    r"(?P<before>[^\d.,+-]{0,6})(?P<amount>[\d.,\s\u00a0\u2009\u202f'\u2019]*\d)(?P<after>[^\d]{0,6})"
)
_STARS = r"([0-5](?:[.,]\d{1,4})?)"
_OUT_OF_FIVE = re.compile(rf"{_STARS}\s*(?:/|out of|of)\s*5(?:\.0+)?(?:\s*stars?)?|{_STARS}\s*stars?")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount.

    The currency is empty if the text names none, or one that several countries have.
    """

    value: float
    currency_code: str


def amount_of(value: Any) -> Amount | None:
    """The amount in a text. Returns None if the text is ambiguous."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    found = _AMOUNT.fullmatch(_NO_CENTS.sub(r"\g<1>00", value.strip()))
    if found is None:
        return None
    number = decimal_of(found["amount"])
    words = [word for word in (found["before"].strip(), found["after"].strip().rstrip(".-")) if word]
    if number is None and len(words) == 1 and words[0].lower() in _WITHOUT_CENTS:
        number = _thousands(found["amount"])
    if number is None or len(words) > 1:
        return None
    if not words or words[0].lower() in _AMBIGUOUS_CURRENCY:
        return Amount(number, "")
    currency = currency_of(words[0])
    return Amount(number, currency) if currency else None


def _thousands(text: str) -> float | None:
    """The number in digits with commas between thousands."""
    digits = _SPACES.sub("", text.strip())
    return float(digits.replace(",", "")) if _WHOLE_THOUSANDS.fullmatch(digits) else None


def number_of(value: Any) -> float | None:
    """The amount in a price, a number or a text.

    Returns None if there is none or it is ambiguous.
    """
    given: Any = value.get("amount", value.get("value")) if isinstance(value, dict) else value
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        read = amount_of(given)
        return read.value if read else None
    return number if math.isfinite(number) else None


def is_sale_price(value: Any) -> bool:
    """Whether a value can be a sale price.

    Exports write 0, "n/a" or a dash for products without a sale.
    """
    return (number_of(value) or 0) > 0


def decimal_of(text: str) -> float | None:
    """The number in a text of digits and separators.

    Returns None if a separator could mean thousands or decimals.
    """
    digits = _SPACES.sub("", text.strip())
    if len(digits) > _LONGEST:
        return None
    if _PLAIN.fullmatch(digits):
        return float(digits)
    if _POINT_DECIMAL.fullmatch(digits) or _INDIAN.fullmatch(digits):
        return float(digits.replace(",", ""))
    if _COMMA_DECIMAL.fullmatch(digits):
        return float(digits.replace(".", "").replace(",", "."))
    if _THOUSANDS.fullmatch(digits):
        return float(re.sub("[.,]", "", digits))
    return float(digits.replace(",", ".")) if _ONLY_COMMA_DECIMAL.fullmatch(digits) else None


def currency_of(value: Any) -> str:
    """The ISO 4217 code of "eur" or "€". Empty if the code is ambiguous."""
    word = value.strip() if isinstance(value, str) else ""
    if len(word) == 3 and word.isascii() and word.isalpha():
        return word.upper()
    return _CURRENCY_WORDS.get(word.lower(), "")


def mend_currency(value: Any) -> Mended | None:
    """Mends price.currency_code."""
    code = currency_of(value)
    return read_as(code) if code else None


def mend_count(value: Any) -> Mended | None:
    """Mends whole numbers, also of an object's only quantity.

    A number below zero means oversold stock, and becomes 0.
    """
    if isinstance(value, dict):
        value = next((value[name] for name in _QUANTITIES if name in value), None)
    number = _whole(value)
    if number is None or number >= 1 << 32:
        return None
    return read_as(number) if number >= 0 else Mended(0, "read as 0")


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = _SPACES.sub("", _PIECES.sub("", value[:_LONGEST].strip()))
        sign = -1 if text.startswith("-") else 1
        text = text.removeprefix("-").removeprefix("+")
        whole = _thousands(text)
        number = decimal_of(text) if whole is None else whole
        value = None if number is None else sign * number
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and math.isfinite(value) and value == value // 1 else None


def mend_rating(value: Any) -> Mended | None:
    """Mends rating.average: "4,5", "4.5 out of 5".

    A value above 5 may use another scale, and is left out.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    found = _OUT_OF_FIVE.fullmatch(value.strip().lower())
    number = decimal_of(found[1] or found[2]) if found else decimal_of(value)
    return read_as(number) if number is not None and 0 <= number <= 5 else None
