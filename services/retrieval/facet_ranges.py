"""Ranges of a facet's numbers: their counts, and round ones that are made of the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from services.retrieval.conditions import Between, Mask
from shared.snapshot.catalog_columns import Entries, Numbers, Segment
from shared.snapshot.value_counts import Counts

_SLACK = 0.25  # how far an end may be from its quantile, in shares of a range's products
_STEPS = (5, 2, 1)  # times a power of ten: the distances of round numbers
_FINEST = 1e-9  # of the larger of two numbers: the least distance tried


def counts_of(
    ranges: Sequence[Between],
    parts: Sequence[tuple[Segment, Mask]],
    field: str,
    numbers: Numbers,
    counts: Counts,
) -> list[tuple[Between, int]]:
    """How many of the selected rows of the segments have a number in each range.

    `numbers` (k,) are theirs, and `counts` (k,) rows have each. A row with several numbers in a
    range counts once.
    """
    if all(segment.dense(field) is not None for segment, _ in parts):  # at most one number a row
        return [(each, int(counts[each.holds(numbers)].sum())) for each in ranges]
    selected = [(entries, mask) for segment, mask in parts if (entries := segment.sparse(field))]
    return [(each, sum(_rows_inside(each, *part) for part in selected)) for each in ranges]


def _rows_inside(wanted: Between, entries: Entries, mask: Mask) -> int:
    rows = entries.rows[mask[entries.rows] & wanted.holds(entries.values)]
    return int(np.count_nonzero(rows[1:] != rows[:-1])) + 1 if len(rows) else 0


def round_ranges(numbers: Numbers, counts: Counts, range_count: int) -> tuple[Between, ...]:
    """At most `range_count` ranges that hold about as many products each, with round ends.

    `numbers` (k,) are different and in order, and `counts` (k,) products have each. The first range
    and the last are open. An end belongs to the range above it. Returns no range if there is none
    to make.
    """
    if not len(numbers) or range_count < 1:
        return ()
    shares = np.cumsum(counts) / counts.sum()
    ends: list[float] = []
    for place in range(1, range_count):
        low = _quantile(numbers, shares, (place - _SLACK) / range_count)
        end = roundest(low, _quantile(numbers, shares, (place + _SLACK) / range_count))
        if end > (ends[-1] if ends else numbers[0]):
            ends.append(end)
    edges = (-math.inf, *ends, math.inf)
    return tuple(Between(low, high, without_high=high < math.inf) for low, high in pairwise(edges))


def _quantile(numbers: Numbers, shares: Numbers, share: float) -> float:
    """The first number up to which `shares` (k,) of the products reach a share."""
    return float(numbers[min(int(np.searchsorted(shares, share)), len(numbers) - 1)])


def roundest(low: float, high: float) -> float:
    """The number from `low` to `high` that is a multiple of the largest 1, 2 or 5 x 10^k."""
    if low <= 0 <= high:
        return 0.0
    largest = max(abs(low), abs(high))
    exponent = math.ceil(math.log10(largest))
    while 10.0**exponent > largest * _FINEST:
        for step in _STEPS:
            times = math.ceil(low / (step * 10.0**exponent))
            number = times * step * 10.0**exponent if exponent >= 0 else times * step / 10.0**-exponent
            if low <= number <= high:
                return number
        exponent -= 1
    return high
