"""Records of an Algolia index."""

from typing import Any

from cli.files.dialect import Dialect, Row, listed, row_by_row, taken, without_empty

_HIERARCHIES = ("hierarchicalCategories", "hierarchical_categories", "categoryHierarchy")


def _matches(names: frozenset[str], _: Row) -> bool:
    return "objectID" in names


def _products(content: Row) -> list[Row]:
    rest = dict(content)
    row: Row = {"product_id": taken(rest, "objectID"), "tags": taken(rest, "_tags")}
    kind = taken(rest, "type")  # a word of the shop's own
    if kind is not None:
        attributes = rest.pop("attributes", None)
        row["attributes"] = {**(attributes if isinstance(attributes, dict) else {}), "type": kind}
    named = next((name for name in _HIERARCHIES if name in rest), "")
    paths = _deepest(rest.get(named))
    if paths:
        del rest[named]
        rest.pop("categories", None)  # the same path, level by level
        row["categories"] = paths
    return [{**rest, **without_empty(row)}]


def _deepest(levels: Any) -> list[Any]:
    """The paths of the deepest level of {"lvl0": ..., "lvl1": ...}."""
    if not isinstance(levels, dict):
        return []
    named = sorted(name for name, value in levels.items() if value)
    return listed(levels[named[-1]]) if named else []


DIALECT = Dialect("algolia", "Algolia records", _matches, row_by_row(_products))
