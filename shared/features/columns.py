"""Counts and rates of a page's candidates, from their values in the feature store."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.features import spec
from shared.features.spec import Count, Rate
from shared.features.time_windows import TimeWindows

Matrix = NDArray[np.float32]


def counted_columns(
    columns: Mapping[str, Count | Rate], windows: TimeWindows, usual: Mapping[str, Matrix]
) -> dict[str, Matrix]:
    """All columns (n,) of a scope in one pass; `usual` has prior rates (n,) by name.

    One pass, because a page waits for them, and numpy's calls take longer than its sums.
    """
    counted = {name: _counted(each, windows) for name, each in columns.items() if isinstance(each, Count)}
    shares = {name: each for name, each in columns.items() if isinstance(each, Rate)}
    shown = np.stack([windows.counts[each.window, spec.SHOWN] for each in shares.values()])
    unknown = np.full(shown.shape[1], np.nan, np.float32)
    expected = np.stack([usual.get(name, unknown) for name in shares])
    rates = _rates(np.stack([_counted(each, windows) for each in shares.values()]), shown, expected)
    counts = np.log1p(np.stack(list(counted.values())))
    return dict(zip(counted, counts, strict=True)) | dict(zip(shares, rates, strict=True))


def share_columns(names: Mapping[str, int], windows: TimeWindows) -> dict[str, Matrix]:
    """Each product's share (n,) of all opens of these products in a time window, by name."""
    opened = _opened(windows)
    return {
        name: opened[window] / (opened[window].sum() + spec.SHARE_PRIOR) for name, window in names.items()
    }


def traffic_columns(names: Mapping[str, int], windows: TimeWindows) -> dict[str, Matrix]:
    """log(1 + n) of all opens of these products in a time window, the same for each (n,), by name."""
    opened = _opened(windows)
    n = opened.shape[1]
    return {name: np.full(n, np.log1p(opened[window].sum()), np.float32) for name, window in names.items()}


def recent_columns(names: Sequence[str], windows: TimeWindows) -> dict[str, Matrix]:
    """Each product's share (n,) of the query's newest opens, a name for each half-life."""
    shares = windows.recent_shares
    if shares is None:
        return {name: np.zeros(len(windows.idle_days), np.float32) for name in names}
    return dict(zip(names, shares, strict=True))


def _opened(windows: TimeWindows) -> Matrix:
    """(windows + 1, n)."""
    opened: Matrix = windows.counts[:, list(spec.OPENED)].max(axis=1)
    return opened


def _counted(column: Count | Rate, windows: TimeWindows) -> Matrix:
    counts: Matrix = windows.counts[column.window, list(column.counters)].max(axis=0)
    return counts


def _rates(counts: Matrix, shown: Matrix, usual: Matrix) -> Matrix:
    """Smoothed shares (rates, n).

    If `usual` is nan, the share of all products together is the prior.
    """
    counts = np.minimum(counts, shown)
    total = shown.sum(axis=1, keepdims=True)
    together = np.where(total > 0, counts.sum(axis=1, keepdims=True) / np.maximum(total, 1e-9), np.nan)
    expected = np.where(np.isnan(usual), together, usual)
    share: Matrix = ((counts + spec.USUAL_SHOWN * expected) / (shown + spec.USUAL_SHOWN)).astype(np.float32)
    return share
