"""A catalogue of variants that changes, and what pages of it must show, by hand."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from services.retrieval.candidates import Candidates
from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import FUSED, LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.snapshot.change import Change
from shared.snapshot.variants import VariantsWriter
from tests.unit.retrieval.catalog_history import ENCODER, History
from tests.unit.retrieval.live_shop import ORDERS
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot

VECTOR = np.eye(1, DIM, dtype=np.float32)[0]
FACETS = ("brands", "attributes.color", "attributes.size", "price", "tags")
FILTERS: tuple[tuple[tuple[Filter, ...], Callable[[Product], bool]], ...] = (
    ((), lambda product: True),
    (
        (Filter("brands", AnyOf(("acme",))),),
        lambda product: any(each.casefold() == "acme" for each in product.brands),
    ),
    (
        (Filter("price", Between(20, 80)), Filter("tags", Exists(False))),
        lambda product: product.price is not None and 20 <= product.price <= 80 and not product.tags,
    ),
    (
        (Filter("attributes.color", AnyOf(("RED",))),),
        lambda product: "red" in [str(each).casefold() for each in product.attributes.get("color", ())],
    ),
)
WINDOW = 3  # small, so that most pages lie behind it


class VariantHistory(History):
    """Products of few families; some name a primary product that never was."""

    def step(self) -> Change:
        """The next change."""
        change = super().step()
        product = self.products.get(change.product_id)
        if change.product is None or product is None:
            return change
        family = self.rng.choice(["", "", "p0", "p1", "p2", "gone", product.product_id])
        kept = replace(
            product,
            type="variant" if family else "primary",
            primary_product_id=family,
            availability=self.rng.choice(["in_stock", "out_of_stock"]),
        )
        self.offset -= 1
        return self.write(kept)


@dataclass
class VariantShop:
    """A live snapshot beside the history that made it."""

    folder: Path
    history: VariantHistory
    live: LiveSnapshot
    versions: int = 0

    @classmethod
    def open(cls, folder: Path, seed: int) -> VariantShop:
        history = VariantHistory(random.Random(seed), ids=24)
        for _ in range(30):
            history.step()
        return cls(folder, history, _opened(folder, history, 0))

    def write(self, count: int) -> None:
        self.live.apply([self.history.step() for _ in range(count)])

    def compact(self) -> None:
        self.versions += 1
        self.live = _opened(self.folder, self.history, self.versions)


def _opened(folder: Path, history: History, number: int) -> LiveSnapshot:
    products = list(history.products.values())
    positions = {"vectors_position": history.offset, "log_position": 2 * history.offset}
    written = write_snapshot(folder, products, history.vectors(), f"v{number}", encoder=ENCODER, **positions)
    variants = VariantsWriter(written / "products")
    variants.add(products)
    variants.finish()
    return LiveSnapshot(written, folder / f"private{number}")


def family(product: Product) -> str:
    return product.primary_product_id or product.product_id


def paged(snapshot: Snapshot, request: Request, size: int) -> tuple[list[Candidates], list[Product]]:
    """All pages: the window, and what follows it in parts of a size."""
    retriever = Retriever()
    pages = [retriever.retrieve(snapshot, replace(request, limit=WINDOW))]
    ids = snapshot.products.product_ids(pages[0].rows)
    window = tuple(ids)
    everything = pages[0].total_count + pages[0].related_count
    while window and len(ids) < everything:
        behind = len(ids) - len(window)
        after = tuple(ids[len(window) :])[-10:]
        asked = replace(
            request, limit=size, exclude_product_ids=window, offset=behind, after_product_ids=after, facets=()
        )
        part = retriever.retrieve(snapshot, asked)
        assert part.offset == behind and part.total_count == everything - len(window)
        assert len(part.rows) == min(size, part.total_count - behind)
        pages.append(part)
        ids += snapshot.products.product_ids(part.rows)
    return pages, [snapshot.products.product(int(row)) for page in pages for row in page.rows]


def agree(  # noqa: PLR0913 - what a request asks for
    shop: VariantShop, query: str, order_by: str, filters: int, by_product: bool, size: int
) -> None:
    """Compare all pages of a request with the products by hand."""
    snapshot = shop.live.state
    conditions, passes = FILTERS[filters]
    known = set(snapshot.columns.fields())
    conditions = tuple(each for each in conditions if each.field in known)
    tier = LEXICAL if len(query) % 2 else FUSED
    facets = tuple(FacetRequest(name, 50, keep_own_filter=True) for name in FACETS if name in known)
    request = Request(
        query, VECTOR, conditions, facets, order_by, tier=tier, by_product=by_product, strict_order=False
    )
    now = time.time()
    shown = [each for each in shop.history.products.values() if passes(each) and _is_out(each, order_by, now)]
    key = family if by_product else (lambda product: product.product_id)
    groups: dict[str, list[Product]] = {}
    for each in _matching(snapshot, request, shown):
        groups.setdefault(key(each), []).append(each)
    pages, everything = paged(snapshot, request, size)
    _agree_on_pages(pages, everything, groups, key)
    if order_by or not query:
        _in_order([each for each in everything if key(each) in groups], groups, key, order_by)
    for facet in pages[0].facets:
        assert dict(facet.values) == _counted(groups.values(), facet.field)


def _agree_on_pages(
    pages: list[Candidates],
    everything: list[Product],
    groups: dict[str, list[Product]],
    key: Callable[[Product], str],
) -> None:
    """Each product of the match set is there once, and what joined it is marked."""
    assert pages[0].total_count == len(groups)
    listed = [each for each in everything if key(each) in groups]
    assert sorted(key(each) for each in listed) == sorted(groups)
    assert pages[0].related_count == len({key(each) for each in everything} - groups.keys())
    assert len(everything) == len(groups) + pages[0].related_count
    related = [key(each) not in groups for each in everything]
    assert [flag for page in pages for flag in page.by_meaning.tolist()] == related
    counts = [count for page in pages for count in page.variant_counts.tolist()]
    assert counts == [len(groups.get(key(each), [each])) - 1 for each in everything]
    assert all(each in groups[key(each)] for each in listed)


def _is_out(product: Product, order_by: str, now: float) -> bool:
    """Whether it may be shown."""
    expired = product.expire_time is not None and product.expire_time <= now
    return not expired and not (order_by == "newest" and (product.publish_time or 0) > now)


def _matching(snapshot: Snapshot, request: Request, shown: list[Product]) -> list[Product]:
    """Those that words and vectors find, whose own tests are elsewhere, one by one."""
    if not request.query:
        return shown
    words = snapshot.lexical.search(request.query).matching()
    ids = set(snapshot.products.product_ids(np.flatnonzero(words)))
    if matching := [each for each in shown if each.product_id in ids]:
        return matching
    found = Retriever().retrieve(snapshot, replace(request, by_product=False, limit=10_000, facets=()))
    ids = set(snapshot.products.product_ids(found.rows))
    return [each for each in shown if each.product_id in ids]


def _in_order(
    listed: list[Product], groups: dict[str, list[Product]], key: Callable[[Product], str], order_by: str
) -> None:
    """Ties are tested with the orders."""
    by_hand = ORDERS[order_by]
    order = (lambda product: by_hand(product)[0]) if order_by else by_hand
    best = [min(order(each) for each in groups[key(product)]) for product in listed]
    assert best == sorted(best)
    if order_by:
        assert [order(each) for each in listed] == best
    else:
        for each in listed:
            sold_out = each.availability == "out_of_stock"
            assert not sold_out or all(o.availability == "out_of_stock" for o in groups[key(each)])


def _counted(groups: Iterable[list[Product]], name: str) -> dict[str, int]:
    counts = Counter[str]()
    for products in groups:
        counts.update({value for each in products for value in _values(each, name)})
    return dict(counts)


def _values(product: Product, name: str) -> set[str]:
    if name == "price":
        return set() if product.price is None else {_shown(product.price)}
    if name.startswith("attributes."):
        held = product.attributes.get(name.partition(".")[2], ())
        return {each if isinstance(each, str) else _shown(each) for each in held}
    return set(getattr(product, name))


def _shown(number: float) -> str:
    assert math.isfinite(number)
    return repr(number).removesuffix(".0")
