"""Numbers as JSON can write them, which no float may hold."""

import math


def is_finite(value: float) -> bool:
    """Whether a float can hold it, and it is a number."""
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False
