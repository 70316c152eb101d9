"""The property of tests/unit/retrieval/test_products_of_variants.py, on more histories."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.retrieval.test_products_of_variants import ASKED
from tests.unit.retrieval.variant_shop import VariantShop, agree


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    steps=st.lists(st.sampled_from(["write", "batch", "compact"]), max_size=6),
    asked=st.lists(ASKED, min_size=6, max_size=16),
)
def test_pages_are_as_by_hand_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[str], asked: list[Any]
) -> None:
    shop = VariantShop.open(tmp_path_factory.mktemp("shop"), seed)
    for step in [*steps, "write"]:
        if step == "compact":
            shop.compact()
        else:
            shop.write(1 if step == "write" else 9)
        for each in asked:
            agree(shop, *each)
