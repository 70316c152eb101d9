"""Finds products that may be recommended: proposed ones, those near by vector, and others to fill
up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask, Tree, mask_of
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT, Caller
from shared.catalog.fields import RELEVANCE
from shared.catalog.order_by import parsed

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

# Rows looked at for each candidate that is filled up: families of variants and excluded products
# take some
_SPARE = 3
_LEAST_LENGTH = 1e-6  # of a mean vector that leads somewhere


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    product_ids: Sequence[str]  # proposed, the best first
    limit: int
    near_product_ids: Sequence[str] = ()
    near_weights: Sequence[float] = ()
    near_limit: int = 0
    order_by: str = RELEVANCE  # in which candidates are filled up; relevance: by popularity
    filters: tuple[Tree, ...] = ()
    exclude_product_ids: Sequence[str] = ()
    fill: bool = True


@dataclass(frozen=True)
class Recommendable:
    """Columns of equal length (k,): proposed products, near ones, others."""

    rows: Rows
    dense_scores: Scores  # cosine to the weighted mean of the near products; 0 without any
    proposed_count: int
    near_count: int


def recommendable(snapshot: Snapshot, wanted: Wanted, caller: Caller = PATIENT) -> Recommendable:
    """Products in stock that meet the filters, at most one of each family of variants.

    Raises InvalidRequest naming the field at fault, and CallerLeft.
    """
    allowed = _allowed(snapshot, wanted, caller)
    families = _Families(snapshot, wanted.exclude_product_ids)
    proposed = _rows_of(snapshot, wanted.product_ids)
    rows = families.take(proposed[allowed[proposed]], wanted.limit)
    proposed_count = len(rows)
    vector = _mean_vector(snapshot, wanted)
    near_limit = min(wanted.near_limit, wanted.limit - len(rows))
    if wanted.fill and vector is not None and near_limit > 0:
        caller.check()
        near, _ = snapshot.dense.best(vector, near_limit * _SPARE, allowed)
        rows += families.take(near, near_limit)
    near_count = len(rows) - proposed_count
    if wanted.fill:
        rows += _others(snapshot, wanted, allowed, families, wanted.limit - len(rows), caller)
    found = np.array(rows, np.int64)
    scores = np.zeros(len(found), np.float32) if vector is None else snapshot.dense.scores(vector, found)
    return Recommendable(found, scores, proposed_count, near_count)


def _allowed(snapshot: Snapshot, wanted: Wanted, caller: Caller) -> Mask:
    """(n,): alive, neither expired nor to come, in stock, and meeting the filters."""
    mask = snapshot.in_stock
    for other in (
        snapshot.shown(published=True),
        mask_of(wanted.filters, snapshot.columns, snapshot.products.row, caller),
    ):
        mask = mask if other is None else mask & other
    return mask


def _others(  # noqa: PLR0913 - what to look through, for whom, and how far
    snapshot: Snapshot, wanted: Wanted, allowed: Mask, families: _Families, most: int, caller: Caller
) -> list[int]:
    """As many as there are, at most `most`, in the order that is asked for."""
    order = parsed(wanted.order_by)
    found: list[int] = []
    seen = 0
    while len(found) < most:
        caller.check()
        looked_at = max(most, seen) * _SPARE
        rows = snapshot.orders.first(order, looked_at, allowed)
        found += families.take(rows[seen:], most - len(found))
        seen = looked_at
        if len(rows) < looked_at:
            break
    return found


def _rows_of(snapshot: Snapshot, product_ids: Iterable[str]) -> Rows:
    found = (snapshot.products.row(each) for each in product_ids)
    return np.array([row for row in found if row is not None], np.int64)


def _mean_vector(snapshot: Snapshot, wanted: Wanted) -> NDArray[np.float32] | None:
    """(dim,), unit norm; None if there are no near products, or they point in opposite directions."""
    known = [
        (row, weight)
        for each, weight in zip(wanted.near_product_ids, wanted.near_weights, strict=True)
        if (row := snapshot.products.row(each)) is not None
    ]
    if not known:
        return None
    vectors = snapshot.dense.vectors_at(np.array([row for row, _ in known], np.int64))
    mean = np.array([weight for _, weight in known], np.float32) @ vectors
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length > _LEAST_LENGTH else None


class _Families:
    """Takes at most one product of each family of variants, and none of the excluded ones."""

    def __init__(self, snapshot: Snapshot, exclude_product_ids: Iterable[str]) -> None:
        self._snapshot = snapshot
        self._taken = set(exclude_product_ids)
        rows = _rows_of(snapshot, exclude_product_ids)
        self._taken |= {self._family(int(row))[1] for row in rows}

    def take(self, rows: Rows, most: int) -> list[int]:
        """The first `most` of the rows whose family has not been taken yet."""
        found: list[int] = []
        for row in rows.tolist():
            if len(found) >= most:
                break
            product_id, family = self._family(row)
            if product_id not in self._taken and family not in self._taken:
                self._taken.add(family)
                found.append(row)
        return found

    def _family(self, row: int) -> tuple[str, str]:
        """The product's id, and that of the primary product of its family."""
        return self._snapshot.products.family(row)
