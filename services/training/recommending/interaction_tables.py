"""Reads interactions from tables, a day at a time, with names as numbers from the start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.training.recommending.interactions import OPEN, PURCHASE, Codes, Interactions, numbered_groups

if TYPE_CHECKING:
    import pyarrow as pa

_KIND_OF = {"view": OPEN, "click": OPEN, "purchase": PURCHASE}  # other actions are not read
# Columns of the table of interactions that are read
COLUMNS = (
    *("visitor_id", "session_id", "query_id", "event_id", "action"),
    *("product_id", "price", "event_time", "left_out"),
)


def from_tables(
    newest_first: Iterable[pa.Table], most: int, counts_without_page: bool = False
) -> Interactions:
    """The newest `most` lines that count, in the order of time.

    Each table has COLUMNS, ordered by time, and is released before the next one is read; none is
    read after `most` lines. Lines count if they are of known visitors and not left out. An open
    counts if it names a page of its visitor, or with `counts_without_page`. A purchase always
    counts, since orders come from the shop.
    """
    visitors, products = _Names(), _Names()
    days: list[_Lines] = []
    left = most
    for table in newest_first:
        rows = _counted(table, counts_without_page)
        day = _lines(rows.slice(max(0, rows.num_rows - left)), visitors, products)
        days.append(day)
        left -= len(day.visitors)
        if left <= 0:
            break
    return _interactions(days[::-1], visitors, products)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of a table, as columns (m,)."""

    visitors: NDArray[np.int32]
    products: NDArray[np.int32]
    kinds: NDArray[np.int8]
    seconds: NDArray[np.float64]
    groups: Codes  # the same number for lines of one visitor and group
    prices: NDArray[np.float32]


class _Names:
    """Numbers for names, in the order in which they come."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def numbers(self, column: pa.ChunkedArray) -> NDArray[np.int32]:
        """The number of each name of a column."""
        names, places = _encoded(column)
        known = self._number
        numbers = np.array([known.setdefault(name, len(known)) for name in names], np.int32)
        return numbers[places]

    def sorted(self) -> tuple[list[str], Codes]:
        """The sorted names, and the place of each number among them."""
        names = list(self._number)
        order = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
        places = np.empty(len(names), np.int64)
        places[order] = np.arange(len(names))
        return [names[number] for number in order], places


def _counted(table: pa.Table, counts_without_page: bool) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.and_(pc.not_equal(table["visitor_id"], ""), pc.equal(table["left_out"], ""))
    read = pc.is_in(table["action"], value_set=pa.array(list(_KIND_OF)))
    if not counts_without_page:
        has_page = pc.or_(pc.equal(table["action"], "purchase"), pc.not_equal(table["query_id"], ""))
        known = pc.and_(known, has_page)
    return table.filter(pc.and_(known, read))


def _lines(rows: pa.Table, visitors: _Names, products: _Names) -> _Lines:
    import pyarrow as pa

    actions, places = _encoded(rows["action"])
    kinds = np.array([_KIND_OF[action] for action in actions], np.int8)[places]
    moments = rows["event_time"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    return _Lines(
        visitors.numbers(rows["visitor_id"]),
        products.numbers(rows["product_id"]),
        kinds,
        moments / 1e6,
        np.where(kinds == PURCHASE, moments * 2 + 1, _visits(rows) * 2),
        rows["price"].cast(pa.float32()).fill_null(np.nan).to_numpy(),
    )


def _visits(rows: pa.Table) -> Codes:
    """(m,): a number below 2^62 for each line's session, of a hash of its name.

    An order is known by its moment, because it may come in several events: one for each search, or
    for each line. An open without a session is a group of its own.
    """
    import pyarrow.compute as pc

    has_session = pc.not_equal(rows["session_id"], "")
    names, places = _encoded(pc.if_else(has_session, rows["session_id"], rows["event_id"]))
    hashes = [blake2b(name.encode(), digest_size=8).digest() for name in names]
    visits = np.frombuffer(b"".join(hashes), np.uint64) >> np.uint64(3)
    # A session and an event of one name differ by the last bit
    found: Codes = visits.astype(np.int64)[places] * 2 + has_session.to_numpy()
    return found


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """The distinct names of a column, and the place of each value among them."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def _interactions(days: Sequence[_Lines], visitors: _Names, products: _Names) -> Interactions:
    visitor_ids, visitor_places = visitors.sorted()
    product_ids, product_places = products.sorted()
    of_visitors = visitor_places[_joined([day.visitors for day in days], np.int32)]
    return Interactions(
        of_visitors,
        product_places[_joined([day.products for day in days], np.int32)],
        _joined([day.kinds for day in days], np.int8),
        _joined([day.seconds for day in days], np.float64),
        numbered_groups(of_visitors, _joined([day.groups for day in days], np.int64)),
        _joined([day.prices for day in days], np.float32),
        visitor_ids,
        product_ids,
    )


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts])
