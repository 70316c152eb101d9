"""What the product memory of a large shop takes: python -m bench.product_memory_size

Simulates baskets of a shop and builds the product memory of them in a process of its own: seconds,
and the most memory that the process had (without what the simulated baskets took before).
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from bench.cpu import cpu
from services.training.recommending.interactions import PURCHASE, Interactions
from services.training.recommending.product_memory import build_product_memory
from shared.product_memory.memory import DAY_SECONDS

_LINES = 3  # of a basket
_NEAR = 20  # products that are bought together are so near
_BASKETS_A_VISITOR = 4
_DAYS = 400
_POPULARITY = 0.8  # exponent of Zipf's law
_MIB = 1024.0  # KiB, which getrusage counts


def simulated(product_count: int, basket_count: int) -> Interactions:
    """Baskets of near products; what is popular follows Zipf's law."""
    chance = np.random.default_rng(0)
    weights = np.arange(1, product_count + 1, dtype=np.float64) ** -_POPULARITY
    ends = np.cumsum(weights / weights.sum())
    first = np.minimum(np.searchsorted(ends, chance.random(basket_count)), product_count - 1)
    near = chance.integers(0, _NEAR, (basket_count, _LINES))
    products = (first[:, None] // _NEAR * _NEAR + near).clip(max=product_count - 1).ravel()
    visitors = chance.integers(0, max(1, basket_count // _BASKETS_A_VISITOR), basket_count)
    seconds = chance.random(basket_count) * _DAYS * DAY_SECONDS
    count = basket_count * _LINES
    return Interactions(
        visitors=np.repeat(visitors, _LINES),
        products=products,
        kinds=np.full(count, PURCHASE, np.int8),
        seconds=np.repeat(seconds, _LINES),
        groups=np.repeat(np.arange(basket_count), _LINES),
        prices=np.ones(count, np.float32),
        visitor_ids=[str(visitor) for visitor in range(int(visitors.max()) + 1)],
        product_ids=[f"p{product}" for product in range(product_count)],
    )


def main() -> None:
    """Simulate, build, print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--products", type=int, default=1_000_000, help="(default %(default)s)")
    parser.add_argument("--baskets", type=int, default=10_000_000, help="(default %(default)s)")
    chosen = parser.parse_args()
    lines = simulated(chosen.products, chosen.baskets)
    before = _most_mib()
    began, computed = time.perf_counter(), time.process_time()
    memory = build_product_memory(lines, _DAYS * DAY_SECONDS)
    seconds, computed = time.perf_counter() - began, time.process_time() - computed
    pairs = len(memory.bought.places) + len(memory.owned.places)
    print(f"{cpu()}; {chosen.products:,} products, {chosen.baskets:,} baskets of {_LINES} lines")
    print(f"{seconds:.0f} s, {computed:.0f} of the processor; {pairs:,} pairs kept")
    print(f"{_most_mib():,.0f} MiB at most, {before:,.0f} before")


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


if __name__ == "__main__":
    main()
