"""Pages that are read while the catalogue changes."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.retrieval.grouping import continued
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from shared.catalog.product import Product
from shared.snapshot.change import Change
from tests.unit.retrieval.catalog_history import ENCODER, History
from tests.unit.retrieval.snapshot_on_disk import write_snapshot

WINDOW = 10
PART = 15


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("query", "order_by"), [("", ""), ("", "price asc"), ("lamp", ""), ("lamp", "newest")]
)
def test_every_product_that_does_not_move_is_on_one_page(
    tmp_path: Path, seed: int, query: str, order_by: str
) -> None:
    rng = random.Random(seed)
    history = History(rng)
    products = [_product(number, rng) for number in range(160)]
    for product in products:
        history.write(product)
    positions: dict[str, Any] = {"vectors_position": history.offset, "log_position": 2 * history.offset}
    folder = write_snapshot(tmp_path, products, history.vectors(), encoder=ENCODER, **positions)
    live = LiveSnapshot(folder, tmp_path / "private")
    request = Request(query, order_by=order_by, by_product=True, limit=WINDOW)
    shown = _ids(live, request)
    window = tuple(shown)
    while True:
        live.apply([_write(history, products, rng) for _ in range(6)])
        behind = len(shown) - WINDOW
        after = tuple(shown[WINDOW:][-10:])
        asked = replace(
            request, limit=PART, exclude_product_ids=window, offset=behind, after_product_ids=after
        )
        part = _ids(live, asked)
        if not part:
            break
        shown += part
    still = [each.product_id for each in products if int(each.product_id[1:]) % 4]
    counts = {each: shown.count(each) for each in still}
    assert set(counts.values()) == {1}, {each: count for each, count in counts.items() if count != 1}


def _product(number: int, rng: random.Random) -> Product:
    price = float(rng.randrange(8))
    return Product(f"p{number}", "Red lamp", price=price, rating_average=4.0, rating_count=number % 5)


def _write(history: History, products: list[Product], rng: random.Random) -> Change:
    """Stock of any product; a move, a removal or a new product of every fourth."""
    draw = rng.random()
    product = rng.choice(products)
    if draw < 0.5:
        known = history.products.get(product.product_id)
        return history.write(replace(known or product, available_quantity=rng.randrange(1, 9)))
    if draw < 0.65:
        return history.write(_product(1_000 + rng.randrange(1_000) * 4, rng))
    busy = products[rng.randrange(0, len(products), 4)]
    if draw < 0.8:
        return history.write(None, busy.product_id)
    return history.write(replace(busy, price=float(rng.randrange(8)), rating_count=rng.randrange(5)))


def _ids(live: LiveSnapshot, request: Request) -> list[str]:
    found = Retriever().retrieve(live.state, request)
    return live.state.products.product_ids(found.rows)


@pytest.mark.parametrize(
    ("now", "following"),
    [
        ("abcdefgh", "efgh"),
        ("xyabcdefgh", "efgh"),  # two have come before
        ("abxycdefgh", "xyefgh"),  # and in between: they were not shown
        ("abdefgh", "efgh"),  # one is gone
        ("abcefghd", "efgh"),  # the last has moved to the end
        ("dabcefgh", "efgh"),
        ("efgh", "gh"),  # none is left: the first two of the list are taken as shown
    ],
)
def test_a_list_goes_on_after_what_was_shown(now: str, following: str) -> None:
    codes = np.array([ord(each) for each in now])
    shown = np.array([ord(each) for each in "abcd"])
    assert "".join(now[place] for place in continued(codes, shown, 2)) == following
