"""Parses filters of the command line.

Examples: brands=Acme, price=10..50, brands!=Acme, attributes.color=blue|green, rating=exists. A
value with a bar is found as it is; `\\|` is a bar that separates no values.
"""

import re

from aisle.v1.search_pb2 import AnyOf, Filter, NumberRange
from shared.catalog.fields import TEXTS
from shared.errors import InvalidRequest

_FORM = re.compile(r"(?P<field>[^=!]+)(?P<operator>!?=)(?P<value>.+)", re.DOTALL)
_BAR = re.compile(r"(?<!\\)\|")
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)"
_IS_NUMBER = re.compile(_NUMBER)
_RANGE = re.compile(rf"(?P<min>{_NUMBER})?\.\.(?P<max>{_NUMBER})?")


def parse_filter(text: str) -> Filter:
    """The filter in `text`. Raises InvalidRequest for another form."""
    form = _FORM.fullmatch(text.strip())
    if not form:
        raise InvalidRequest(
            "--filter",
            f"{text!r} is not FIELD=VALUE, FIELD!=VALUE, FIELD=LOW..HIGH or FIELD=exists",
        )
    value = form["value"].strip()
    filtered = Filter(field=form["field"].strip(), negate=form["operator"] == "!=")
    if value == "exists":
        filtered.exists = True
    elif filtered.field not in TEXTS and (bounds := parse_range(value)):
        filtered.range.CopyFrom(bounds)
    else:
        filtered.any_of.CopyFrom(AnyOf(values=_values(value)))
    return filtered


def _values(text: str) -> list[str]:
    """The values between bars, and the whole text if it has bars, for it may be one value."""
    values = [part.strip().replace(r"\|", "|") for part in _BAR.split(text) if part.strip()]
    if _BAR.search(text) and not all(map(_IS_NUMBER.fullmatch, values)):
        values.append(text.replace(r"\|", "|"))
    return values


def parse_range(text: str) -> NumberRange | None:
    """The range in `text`, such as 10..50; None if it is none."""
    bounds = _RANGE.fullmatch(text)
    if bounds is None:
        return None
    low = bounds["min"]
    high = bounds["max"]
    return NumberRange(min=float(low) if low else None, max=float(high) if high else None)
