"""The sample shop, made once for all tests of a process; they only read it."""

from functools import cache

from sample.product import Made, catalog


@cache
def shop() -> list[Made]:
    return catalog(7)
