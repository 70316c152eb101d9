"""Totals, counts and orders are exact: filters x facets x orders on catalogues that change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.retrieval.facets import Facet, FacetRequest
from services.retrieval.filters import Tree
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.snapshot.change import Change
from tests.unit.retrieval import shelf
from tests.unit.retrieval.catalog_history import ENCODER, History
from tests.unit.retrieval.random_shelf import random_facet, random_filter, random_product
from tests.unit.retrieval.snapshot_on_disk import write_snapshot

ORDERS = ("", "newest", *(f"{field} {way}" for field in shelf.FIELDS for way in ("asc", "desc")))
EVERY = 10_000


class Shelf:
    """A live snapshot, and what is in it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self._history = History(self.rng)
        for number in range(self.rng.randint(0, 40)):
            self._history.write(random_product(f"p{number}", self.rng))
        vectors_position = self._history.offset
        root = write_snapshot(
            folder, list(self._history.products.values()), self._history.vectors(), encoder=ENCODER,
            vectors_position=vectors_position,
        )  # fmt: skip
        self.live = LiveSnapshot(root, folder / "private")
        for _ in range(self.rng.randint(0, 3)):
            self.live.apply([self._change() for _ in range(self.rng.randint(1, 12))])

    def _change(self) -> Change:
        product_id = f"p{self.rng.randrange(50)}"
        if self.rng.random() < 0.3:
            return self._history.write(None, product_id)
        return self._history.write(random_product(product_id, self.rng))

    @property
    def products(self) -> list[Product]:
        return list(self._history.products.values())


def check(shop: Shelf, query: str) -> None:
    """One random request, against the products themselves."""
    request = _random_request(shop.rng, query)
    try:
        found = Retriever(leg_limit=EVERY).retrieve(shop.live.state, request)
    except InvalidRequest as error:  # of an attribute that may have either, but has only one kind now
        assert "attributes." in str(error) and "holds" in str(error)
        return
    shown = [
        each
        for each in shop.products
        if shelf.shown(each, request.order_by) and (not query or _holds(each, query))
    ]
    matching = _meeting(shown, request.filters)
    assert found.total_count == len(matching), request
    for facet, counted in zip(request.facets, found.facets, strict=True):
        _check_facet(request, facet, counted, shown)
    ids = shop.live.state.products.product_ids(found.rows)
    assert len(ids) == min(request.limit, len(matching)) == len(set(ids))
    if request.order_by or not query:
        _check_order(shop, request, matching, ids)


def _random_request(rng: random.Random, query: str) -> Request:
    return Request(
        query,
        filters=tuple(random_filter(rng) for _ in range(rng.choice((0, 1, 1, 2)))),
        facets=tuple(random_facet(rng) for _ in range(3)),
        order_by=rng.choice(ORDERS),
        currency_code=rng.choice(("", "USD", "-")),
        limit=rng.choice((1, 3, EVERY)),
        tier=LEXICAL,
    )


def _meeting(products: list[Product], filters: Sequence[Tree]) -> list[Product]:
    return [each for each in products if all(shelf.meets(each, one) for one in filters)]


def _check_facet(request: Request, facet: FacetRequest, counted: Facet, shown: list[Product]) -> None:
    kept = facet.keep_own_filter
    others = request.filters if kept else shelf.without_choice(request.filters, facet.field)
    among = _meeting(shown, others)
    assert counted.values == shelf.counts(among, facet), (request, facet)
    assert [count for _, count in counted.ranges] == shelf.range_counts(among, facet)


def _check_order(shop: Shelf, request: Request, matching: list[Product], ids: list[str]) -> None:
    """The page is the start of the one order that the rules leave."""
    state = shop.live.state
    rows = {each.product_id: state.products.row(each.product_id) for each in matching}
    # A product that is written again keeps its place among equals
    homes = {each: int(state.orders.home(np.array([row]))[0]) for each, row in rows.items()}
    scores = dict.fromkeys(rows, 0.0)
    if request.query:
        held = np.array([rows[each] for each in rows], np.int64)
        scores = dict(zip(rows, state.lexical.search(request.query).scores(held).tolist(), strict=True))
    textual = shelf.order_key(request.order_by, matching, request.currency_code)
    expected = sorted(
        matching,
        key=lambda each: (
            textual(each), -scores[each.product_id], shelf.tie_key(each), homes[each.product_id],
        ),
    )  # fmt: skip
    assert ids == [each.product_id for each in expected[: request.limit]], request
    assert all(textual(one) <= textual(other) for one, other in pairwise(expected))


def _holds(product: Product, query: str) -> bool:
    return query in product.title.casefold().split()


@settings(max_examples=15, deadline=None)  # tests/integration has more of them
@given(seed=st.integers(0, 1_000_000))
def test_totals_counts_and_orders_are_those_of_the_products(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    shop = Shelf(tmp_path_factory.mktemp("shelf"), seed)
    for _ in range(15):
        check(shop, query="")
    for query in ("oak", "table", "zzz"):
        for _ in range(3):
            check(shop, query)
