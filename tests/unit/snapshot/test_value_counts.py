"""Counting by index is counting one by one."""

from collections import Counter

import numpy as np
import pytest

from shared.snapshot.catalog_columns import Entries
from shared.snapshot.value_counts import NumberCounts, ValueCounts

ROWS = 30_001  # no whole number of words of 64


@pytest.fixture(scope="module")
def entries() -> Entries:
    """Two values a row: a few codes have most rows, many have one or two."""
    rng = np.random.default_rng(1)
    codes = np.stack([rng.zipf(1.5, ROWS) % 5_000, 5_000 + rng.integers(0, 3, ROWS)], axis=1)
    rows = np.repeat(np.arange(ROWS, dtype=np.uint32), 2)
    return Entries(rows, codes.astype(np.uint32).ravel())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999, 1.0])
def test_every_mask_is_counted_exactly(entries: Entries, share: float) -> None:
    mask = np.random.default_rng(2).random(ROWS) < share
    expected = Counter(entries.values[mask[entries.rows]].tolist())
    codes, counts = ValueCounts(entries, ROWS).among(mask)
    assert dict(zip(codes.tolist(), counts.tolist(), strict=True)) == expected
    assert (np.diff(codes.astype(np.int64)) > 0).all()


@pytest.mark.parametrize("share", [0.001, 0.7])
def test_numbers_are_counted_as_codes_are(entries: Entries, share: float) -> None:
    mask = np.random.default_rng(2).random(ROWS) < share
    halves = Entries(entries.rows, entries.values / 2 - 100)
    expected = Counter(halves.values[mask[halves.rows]].tolist())
    numbers, counts = NumberCounts(halves, ROWS).among(mask)
    assert dict(zip(numbers.tolist(), counts.tolist(), strict=True)) == expected


def test_a_field_that_no_row_has_counts_nothing() -> None:
    for counts in (ValueCounts(None, 3), NumberCounts(None, 3)):
        assert [len(each) for each in counts.among(np.ones(3, bool))] == [0, 0]
