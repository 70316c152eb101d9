"""A thread for work in Python while the block's engine computes."""

from functools import cache

from shared.threads import Threads


@cache
def aside() -> Threads:
    """The one thread of this process."""
    return Threads(1, "aside")
