"""The weight of a value in a cache that is bounded in bytes and in number."""

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def weigher(size_bytes: Callable[[Value], int], max_entries: int, max_bytes: int) -> Callable[[Value], int]:
    """The `getsizeof` of a cachetools cache of `max_bytes`.

    Every value weighs at least its share of the bytes, so at most `max_entries` of them fit.
    """
    share_bytes = -(-max_bytes // max(1, max_entries))
    return lambda value: max(share_bytes, size_bytes(value))
