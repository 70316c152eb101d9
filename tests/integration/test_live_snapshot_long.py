"""The property of tests/unit/retrieval/test_live_snapshot.py, on longer histories."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.retrieval.live_shop import STEPS, Shop, agree, go


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), steps=st.lists(st.sampled_from(STEPS), max_size=8))
def test_a_live_snapshot_answers_as_one_that_is_rebuilt_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[str]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"), seed)
    agree(shop)
    go(shop, steps)
