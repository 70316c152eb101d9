"""Filters on products, alone or in trees, and the rows that match them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.retrieval.conditions import AnyOf, Between, Condition, Exists, Mask, RowOf, rows_meeting
from shared.caller import PATIENT, Caller
from shared.snapshot.catalog_columns import CatalogColumns

__all__ = ("AnyOf", "Between", "Exists", "Filter", "Group", "Mask", "RowOf", "Tree", "mask_of")


@dataclass(frozen=True)
class Filter:
    """A condition on one field, or its opposite."""

    field: str
    condition: Condition
    negate: bool = False


@dataclass(frozen=True)
class Group:
    """Filters that must all hold, or of which one must, or the opposite."""

    parts: tuple[Tree, ...]
    every: bool  # False: one is enough
    negate: bool = False


Tree = Filter | Group


def mask_of(
    filters: Sequence[Tree], columns: CatalogColumns, row_of: RowOf, caller: Caller = PATIENT
) -> Mask | None:
    """The rows (n,) that match all filters. Returns None without filters.

    Raises InvalidRequest about a field, and CallerLeft once the caller has left.
    """
    if not filters:
        return None
    mask = np.ones(columns.row_count, np.bool_)
    for each in filters:
        mask &= _rows_matching(each, columns, row_of, caller)
    return mask


def _rows_matching(tree: Tree, columns: CatalogColumns, row_of: RowOf, caller: Caller) -> Mask:
    caller.check()
    if isinstance(tree, Filter):
        return rows_meeting(tree.field, tree.condition, columns, row_of) ^ tree.negate
    mask = np.full(columns.row_count, tree.every)
    for part in tree.parts:
        matching = _rows_matching(part, columns, row_of, caller)
        mask = mask & matching if tree.every else mask | matching
    return mask ^ tree.negate


def fields_of(filters: Sequence[Tree]) -> Iterator[str]:
    """The field of every filter, however deep it is."""
    for each in filters:
        if isinstance(each, Filter):
            yield each.field
        else:
            yield from fields_of(each.parts)


def without_own(filters: Sequence[Tree], field: str) -> tuple[Tree, ...]:
    """The filters without those that choose values of a field.

    A choice is a filter at the top, of values or a range of that field alone. Filters that exclude
    values, or require some value, are no choices.
    """
    return tuple(each for each in filters if not _chooses(each, field))


def _chooses(tree: Tree, field: str) -> bool:
    if tree.negate:
        return False
    if isinstance(tree, Filter):
        return tree.field == field and not isinstance(tree.condition, Exists)
    return all(_chooses(part, field) for part in tree.parts)
