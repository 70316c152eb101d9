"""More cases of tests/unit/retrieval/test_exactness.py."""

from pathlib import Path

import pytest

from tests.unit.retrieval.test_exactness import Shelf, check


@pytest.mark.parametrize("seed", range(1_000, 1_150))
def test_totals_counts_and_orders_are_those_of_the_products(tmp_path: Path, seed: int) -> None:
    shop = Shelf(tmp_path, seed)
    for query in ("", "", "", "oak", "table", "zzz"):
        for _ in range(5):
            check(shop, query)
