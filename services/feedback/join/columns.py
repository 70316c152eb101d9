"""The columns of the tables, and groups of rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
from numpy.typing import NDArray

from services.feedback.join.attribution import COUNTED, TOO_ACTIVE, Counts
from services.feedback.join.packing import unpack

FEATURE = "feature."  # prefix of a feature's column
_EVENTS = ("views", "clicks", "wishlists", "carts", "removals", "purchases")
_PER_PAGE = (
    pa.field("query_id", pa.string()),
    pa.field("query_hash", pa.int64()),
    pa.field("visitor_id", pa.string()),
    pa.field("session_id", pa.string()),
    pa.field("user_id", pa.string()),
    pa.field("experiment_ids", pa.list_(pa.string())),
    pa.field("event_time", pa.timestamp("us", tz="UTC")),
)
_LATER_PER_PAGE = (
    pa.field("snapshot_version", pa.string()),
    pa.field("bundle_version", pa.string()),
    pa.field("arm", pa.string()),
    pa.field("placement", pa.string()),
)
_SHOWN = (
    pa.field("position", pa.int32()),
    pa.field("product_id", pa.string()),
    pa.field("relevance_score", pa.float64()),
)
_COUNTED = (
    *(pa.field(name, pa.int32()) for name in _EVENTS),
    pa.field("purchased_quantity", pa.int64()),
    pa.field("revenue", pa.float64()),
    pa.field("first_open_seconds", pa.float32()),
    pa.field("left_out", pa.string()),
)
QUERIES = pa.schema(
    (pa.field("query_hash", pa.int64()), pa.field("text", pa.string()), pa.field("visitors", pa.int32()))
)
INTERACTIONS = pa.schema(
    (
        *(pa.field(name, pa.string()) for name in ("visitor_id", "user_id", "session_id")),
        *(pa.field(name, pa.string()) for name in ("query_id", "event_id", "action", "product_id")),
        pa.field("quantity", pa.int64()),
        pa.field("price", pa.float64()),
        pa.field("event_time", pa.timestamp("us", tz="UTC")),
        pa.field("left_out", pa.string()),
    )
)
# Columns of repeated texts; an event_id does not repeat
INTERACTIONS_TEXTS = [
    field.name for field in INTERACTIONS if field.type == pa.string() and field.name != "event_id"
]
_NO_COUNTS = Counts()
# Columns of the staged pages, in the order of a staged row
STAGED = (
    "query_id, query_hash, visitor_id, session_id, user_id, experiment_ids, at_us,"
    " snapshot_version, bundle_version, arm, placement, names_id, first, body"
)


# Values of a product that the page did not show; NaN becomes null
_ELSEWHERE: Mapping[str, NDArray[Any]] = {
    "positions": np.zeros(1, np.int32),
    "scores": np.full(1, np.nan, np.float64),
    "propensities": np.full(1, np.nan, np.float32),
}


def schema(feature_names: Iterable[str]) -> pa.Schema:
    """All columns of a day with these features."""
    features = (pa.field(f"{FEATURE}{name}", pa.float32()) for name in feature_names)
    propensity = pa.field("propensity", pa.float32())
    return pa.schema((*_PER_PAGE, *_SHOWN, *_LATER_PER_PAGE, propensity, *_COUNTED, *features))


def texts(feature_names: Iterable[str]) -> list[str]:
    """The text columns, which Parquet stores with a dictionary."""
    fields = (field for field in schema(feature_names) if field.type == pa.string())
    return [*(field.name for field in fields), "experiment_ids.list.element"]


def interactions(rows: Sequence[tuple[Any, ...]], too_active: pa.Array) -> pa.RecordBatch:
    """A batch of staged rows (interaction_rows.STAGED).

    Rows of `too_active` visitors are marked left_out.
    """
    fields = list(INTERACTIONS)
    columns = [
        pa.array(values, field.type)
        for values, field in zip(zip(*rows, strict=True), fields[:-1], strict=True)
    ]
    is_left_out = compute.is_in(columns[0], value_set=too_active)
    left_out = compute.if_else(is_left_out, TOO_ACTIVE, COUNTED)
    return pa.record_batch([*columns, left_out], schema=INTERACTIONS)


class RowGroup:
    """Collects rows of pages, one per product, for one row group."""

    def __init__(self, feature_names: Sequence[str], names_of: Mapping[int, Sequence[str]]) -> None:
        """`feature_names` are those of the table; `names_of` has those of pages by names_id."""
        self._schema = schema(feature_names)
        self._width = len(feature_names)
        columns = {name: column for column, name in enumerate(feature_names)}
        self._columns = {
            names_id: np.array([columns[name] for name in names], np.int64)
            for names_id, names in names_of.items()
        }
        self.clear()

    def clear(self) -> None:
        """Begin a new group."""
        self.row_count = 0
        self._pages: list[tuple[Any, ...]] = []
        self._sizes: list[int] = []
        self._product_ids: list[str] = []
        self._parts: dict[str, list[memoryview]] = {"positions": [], "scores": [], "propensities": []}
        self._features: list[tuple[int, int, NDArray[np.float32]]] = []
        self._counts: list[tuple[int, Counts]] = []

    def add(self, page: tuple[Any, ...], counts: Mapping[str, Counts], left_out: str) -> None:
        """Add a staged page (see STAGED) with the counts of its products.

        `left_out` is the reason why the whole page does not count; empty if it counts.
        """
        packed = unpack(page[-1])
        start = self.row_count
        if packed.width:
            values = np.frombuffer(packed.features, np.float32).reshape(packed.count, packed.width)
            self._features.append((start, page[-3], values))
        for name, parts in self._parts.items():
            parts.append(getattr(packed, name))
        row_of = {
            product_id: start + row for row, product_id in reversed(list(enumerate(packed.product_ids)))
        }
        elsewhere = sorted(counts.keys() - row_of.keys())
        row_of |= {product_id: start + packed.count + row for row, product_id in enumerate(elsewhere)}
        self._counts += [(row_of[product_id], each) for product_id, each in counts.items()]
        if left_out:
            not_counted = Counts(left_out=left_out)
            self._counts += [(start + row, not_counted) for row in range(packed.count)]
        self._product_ids += [*packed.product_ids, *elsewhere]
        for name, value in _ELSEWHERE.items():
            self._parts[name].append(memoryview(value.tobytes() * len(elsewhere)))
        self._pages.append(page[:-3])
        self._sizes.append(packed.count + len(elsewhere))
        self.row_count += self._sizes[-1]

    def table(self) -> pa.Table:
        """The rows."""
        columns = {**self._of_pages(), **self._of_products(), **self._of_counts()}
        for name, values in zip(self._schema.names[-self._width :], self._feature_columns(), strict=False):
            columns[name] = pa.array(values, pa.float32(), from_pandas=True)
        return pa.table([columns[name] for name in self._schema.names], schema=self._schema)

    def _of_pages(self) -> dict[str, pa.Array]:
        page_of_row = pa.array(np.repeat(np.arange(len(self._pages)), self._sizes))
        fields = (*_PER_PAGE, *_LATER_PER_PAGE)
        columns: dict[str, pa.Array] = {}
        for field, values in zip(fields, zip(*self._pages, strict=True), strict=True):
            is_list = field.name == "experiment_ids"
            column = pa.array([json.loads(each) for each in values] if is_list else values, field.type)
            columns[field.name] = column.take(page_of_row)
        return columns

    def _of_products(self) -> dict[str, pa.Array]:
        parts = {name: b"".join(each) for name, each in self._parts.items()}
        propensities = np.frombuffer(parts["propensities"], np.float32)
        return {
            "position": pa.array(np.frombuffer(parts["positions"], np.int32)),
            "product_id": pa.array(self._product_ids, pa.string()),
            "relevance_score": pa.array(np.frombuffer(parts["scores"], np.float64), from_pandas=True),
            "propensity": pa.array(propensities, pa.float32(), from_pandas=True),
        }

    def _of_counts(self) -> dict[str, pa.Array]:
        return {field.name: pa.array(self._column(field.name), field.type) for field in _COUNTED}

    def _column(self, name: str) -> list[Any]:
        values = [getattr(_NO_COUNTS, name)] * self.row_count
        for row, counts in self._counts:
            values[row] = getattr(counts, name)
        return values

    def _feature_columns(self) -> NDArray[np.float32]:
        """(features, rows); NaN if the page does not have the feature."""
        columns = np.full((self._width, self.row_count), np.nan, np.float32)
        for start, names_id, values in self._features:
            names = self._columns[names_id][: values.shape[1]]
            columns[names, start : start + len(values)] = values[:, : len(names)].T
        return columns
