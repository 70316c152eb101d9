"""Pages with an open, as training data of the ranker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.feedback.join.tables import Tables
from services.reranker.features import FEATURES
from services.training.opens import RULE_COLUMNS, opened

if TYPE_CHECKING:
    import pyarrow as pa

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PREFIX = "feature."
_TO_COUNT = ("query_id", "position", *RULE_COLUMNS)
_FIRST = 20  # rows of a page that are always kept
_OTHERS = 20  # later rows kept at random, in expectation: most of them add little


@dataclass(frozen=True)
class Pages:
    """g pages with r rows in all. The rows of a page are adjacent and in the order shown."""

    features: Matrix  # (r, len(FEATURES)), at the time the page was shown
    opened: NDArray[np.bool_]  # (r,)
    positions: Ints  # (r,), from 1
    products: NDArray[np.object_]  # (r,), product ids
    sizes: Ints  # (g,), rows of each page
    seconds: NDArray[np.float64]  # (g,), time shown, since 1970
    queries: Ints  # (g,), query hashes

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def starts(self) -> Ints:
        """(g,): the first row of each page."""
        return np.cumsum(self.sizes) - self.sizes

    def page_of_row(self) -> Ints:
        """(r,): the page of each row."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def place_of_row(self) -> Ints:
        """(r,): the place of each row on its page, from 0."""
        return np.arange(int(self.sizes.sum())) - np.repeat(self.starts, self.sizes)

    def at(self, chosen: NDArray[np.bool_]) -> Pages:
        """The chosen pages; `chosen` is (g,)."""
        rows = np.repeat(chosen, self.sizes)
        by_row = {name: getattr(self, name)[rows] for name in _BY_ROW}
        by_page = {name: getattr(self, name)[chosen] for name in _BY_PAGE}
        return Pages(**by_row, **by_page)


_BY_ROW = ("features", "opened", "positions", "products")
_BY_PAGE = ("sizes", "seconds", "queries")
assert {*_BY_ROW, *_BY_PAGE} == {field.name for field in fields(Pages)}


def read_pages(tables: Tables, days: Sequence[date], most: int) -> Pages:
    """The newest pages of these days with an open that counts, at most `most`, oldest first."""
    found: list[Pages] = []
    left = most
    for day in sorted(days, reverse=True):
        if left <= 0:
            break
        pages = _thinned(_of_day(tables, day), day.toordinal())
        if len(pages) > left:
            pages = pages.at(np.arange(len(pages)) >= len(pages) - left)
        found.append(pages)
        left -= len(pages)
    return joined(found[::-1])


def count_pages(tables: Tables) -> int:
    """How many pages have an open that counts."""
    count = 0
    for day in tables.days():
        table = tables.read(day, day, _TO_COUNT)
        count += len(table["query_id"].take(np.flatnonzero(_opened(table))).unique())
    return count


def joined(parts: Sequence[Pages]) -> Pages:
    """Pages of several days as one."""
    if not parts:
        return _NONE
    return Pages(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in (*_BY_ROW, *_BY_PAGE)}
    )


def _of_day(tables: Tables, day: date) -> Pages:
    """All pages of a day's searches that have an open, oldest first."""
    table = tables.read(day, day)
    if not table.num_rows:
        return _NONE
    was_opened = _opened(table)
    page = table["query_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    has_open = np.bincount(page, was_opened) > 0
    is_shown = _numbers(table, "position") > 0
    kept = np.flatnonzero(has_open[page] & is_shown & _is_search(table))
    order = kept[np.lexsort((_numbers(table, "position")[kept], page[kept]))]
    return _ordered_by_time(_pages(table, order, page[order], was_opened[order]))


def _is_search(table: pa.Table) -> NDArray[np.bool_]:
    """(r,): whether the page is of a search. Recommendations have another ranker."""
    import pyarrow.compute as pc

    if "placement" not in table.schema.names:  # tables of an earlier version
        return np.ones(table.num_rows, np.bool_)
    searched: NDArray[np.bool_] = pc.equal(pc.fill_null(table["placement"], ""), "").to_numpy()
    return searched


def _pages(table: pa.Table, rows: Ints, page: Ints, was_opened: NDArray[np.bool_]) -> Pages:
    """The pages of `rows`, which are ordered by page and position."""
    names = set(table.schema.names)
    features = np.full((len(rows), len(FEATURES)), np.nan, np.float32)
    for place, name in enumerate(FEATURES):
        if PREFIX + name in names:
            features[:, place] = _floats(table, PREFIX + name)[rows]
    first = np.flatnonzero(np.diff(page, prepend=-1))
    seconds = table["event_time"].cast("int64").to_numpy()[rows][first] / 1e6
    return Pages(
        features=features,
        opened=was_opened,
        positions=_numbers(table, "position")[rows],
        products=np.array(table["product_id"].take(rows).to_pylist(), object),
        sizes=np.diff(np.append(first, len(rows))),
        seconds=seconds,
        queries=_numbers(table, "query_hash")[rows][first],
    )


def _ordered_by_time(pages: Pages) -> Pages:
    order = np.argsort(pages.seconds, kind="stable")
    starts = pages.starts
    spans: Iterator[Ints] = (np.arange(starts[page], starts[page] + pages.sizes[page]) for page in order)
    rows = np.concatenate([np.empty(0, np.int64), *spans])
    by_row = {name: getattr(pages, name)[rows] for name in _BY_ROW}
    return Pages(**by_row, **{name: getattr(pages, name)[order] for name in _BY_PAGE})


def _thinned(pages: Pages, seed: int) -> Pages:
    """Keep opened rows, the first rows of each page, and a random part of the others."""
    page = pages.page_of_row()
    further = np.maximum(pages.sizes - _FIRST, 1)[page]
    drawn = np.random.default_rng(seed).random(len(page)) < _OTHERS / further
    kept = pages.opened | (pages.place_of_row() < _FIRST) | drawn
    sizes = np.bincount(page, kept, minlength=len(pages)).astype(np.int64)
    by_row = {name: getattr(pages, name)[kept] for name in _BY_ROW}
    return Pages(**by_row, sizes=sizes, seconds=pages.seconds, queries=pages.queries)


def _opened(table: pa.Table) -> NDArray[np.bool_]:
    """(r,): whether the page showed the product and it was opened."""
    shown: NDArray[np.bool_] = (_numbers(table, "position") > 0) & opened(table)
    return shown


def _numbers(table: pa.Table, name: str) -> Ints:
    return np.asarray(table[name].to_numpy()).astype(np.int64)


def _floats(table: pa.Table, name: str) -> Matrix:
    return np.asarray(table[name].cast("float32").to_numpy(zero_copy_only=False), np.float32)


_NONE = Pages(
    features=np.empty((0, len(FEATURES)), np.float32),
    opened=np.empty(0, np.bool_),
    positions=np.empty(0, np.int64),
    products=np.empty(0, object),
    sizes=np.empty(0, np.int64),
    seconds=np.empty(0),
    queries=np.empty(0, np.int64),
)
