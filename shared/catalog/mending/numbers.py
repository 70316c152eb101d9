"""JSON numbers that no float can hold."""

import math


def is_finite(value: float) -> bool:
    """Whether a number is finite as a float."""
    try:
        return math.isfinite(value)
    except OverflowError:  # the whole number is too large for a float
        return False
