"""What facets, filters and orders add to a page of a large catalogue.

python -m bench.facets [--rows 1000000] [--rounds 100]

Columns of invented products are written as an indexer writes them. Match sets of several sizes,
drawn at random, are then counted and ordered. Times are processor time of one thread.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cpu import cpu
from services.retrieval import facets
from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Filter, mask_of
from services.retrieval.orders import MergedOrders, Orders
from shared.catalog.order_by import parsed
from shared.catalog.product import Product
from shared.snapshot.columns import Columns, ColumnsWriter

SHARES = (0.0001, 0.01, 0.1, 0.5, 1.0)
THREE = (FacetRequest("brands"), FacetRequest("categories"), FacetRequest("price"))
ORDERS = ("price asc", "title asc", "attributes.weight desc")
PAGE = 400  # candidates of a page
_BATCH = 10_000


def products(rows: int) -> Iterator[list[Product]]:
    """Invented products in batches: 2,000 brands, 1,500 categories of three levels, some frequent."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, _BATCH):
        count = min(_BATCH, rows - start)
        brands = rng.zipf(1.3, count) % 2_000
        leaves = rng.zipf(1.3, count) % 1_500
        prices = np.round(rng.lognormal(3.5, 1, count), 2)
        weights = rng.integers(0, 500, count) / 10
        yield [
            Product(
                f"p{number}",
                f"Product {number} of brand {brand}",
                sku=f"S-{number}",
                brands=(f"Brand {brand}",),
                categories=(f"Shop {leaf % 10} > Aisle {leaf % 120} > Shelf {leaf}",),
                price=float(price),
                rating_average=float(1 + number % 5),
                rating_count=int(number % 997),
                attributes={"color": (f"color {leaf % 24}",), "weight": (float(weight),)},
            )
            for number, brand, leaf, price, weight in zip(
                range(start, start + count), brands, leaves, prices, weights, strict=True
            )
        ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        columns = written(Path(folder), options.rows)
        rng = np.random.default_rng(1)
        for share in SHARES:
            masks = [rng.random(options.rows) < share for _ in range(5)]
            report(
                f"three facets, {share:.2%} of the products",
                counting(columns, masks),
                options.rounds,
            )
        chosen = (Filter("brands", AnyOf(("brand 1",))),)
        some = [rng.random(options.rows) < SHARES[1]]
        report("one choice less, and its facet", choosing(columns, chosen, some[0]), options.rounds)
        orders = MergedOrders((Orders(columns, columns.values),))
        for order_by in ORDERS:
            report(
                f"the first {PAGE} by {order_by}",
                ordering(orders, order_by, some[0]),
                options.rounds,
            )


def written(folder: Path, rows: int) -> Columns:
    """The columns of the products, with what writing them took."""
    began = time.perf_counter()
    writer = ColumnsWriter(folder / "columns")
    for batch in products(rows):
        writer.add(batch)
    writer.finish()
    seconds = time.perf_counter() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"{cpu()}; {rows:,} products: columns of {size:.0f} MB in {seconds:.0f} s, peak {megabytes:.0f} MB")
    return Columns.open(folder / "columns")


def counting(columns: Columns, masks: list[NDArray[np.bool_]]) -> Callable[[int], object]:
    """Counts three facets of one of the match sets."""
    return lambda round_: [facets.count(columns, masks[round_ % len(masks)], each) for each in THREE]


def choosing(
    columns: Columns, chosen: tuple[Filter, ...], matching: NDArray[np.bool_]
) -> Callable[[int], object]:
    """Finds what another filter leaves, and counts a facet in it, as for a choice that is taken
    back.
    """
    colors = (*chosen, Filter("attributes.color", AnyOf(("color 1", "color 2"))))

    def run(_: int) -> object:
        filtered = mask_of(colors[1:], columns, lambda product_id: None)
        assert filtered is not None
        return facets.count(columns, matching & filtered, FacetRequest("brands"))

    return run


def ordering(orders: MergedOrders, order_by: str, mask: NDArray[np.bool_]) -> Callable[[int], object]:
    """Finds the first rows of an order."""
    order = parsed(order_by)
    return lambda _: orders.first(order, PAGE, mask)


def report(name: str, run: Callable[[int], object], rounds: int) -> None:
    """Print the time of the first run, and the median and 99th percentile of the others."""
    first = _milliseconds(run, 0)
    taken = [_milliseconds(run, round_) for round_ in range(rounds)]
    middle, late = np.percentile(taken, [50, 99])
    print(f"{name:<48} first {first:7.1f} ms, then p50 {middle:5.2f}, p99 {late:5.2f}", flush=True)


def _milliseconds(run: Callable[[int], object], round_: int) -> float:
    began = time.thread_time()
    run(round_)
    return (time.thread_time() - began) * 1e3


if __name__ == "__main__":
    main()
