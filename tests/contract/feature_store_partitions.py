"""What every feature store does with a log of many partitions.

A store's test module subclasses this as well.
"""

import asyncio
import math

import pytest

from services.feedback.feature_writer import FeatureWriter
from shared.features.page import StoredPage, keys_of
from shared.features.scope import PageRequest
from tests.contract.feature_store_suite import Begin
from tests.unit.feedback.observations import NOW, did, shown

PARTITIONS = 256


class PartitionsSuite:
    """The fixture `begin` is FeatureStoreSuite's."""

    async def test_a_key_takes_in_any_number_of_partitions_each_once(self, begin: Begin) -> None:
        store, generation = begin()
        places = [{"offset": 7, "visitor_id": f"v{at}", "partition": at} for at in range(PARTITIONS)]
        clicks = [did("click", "p1", query_hash=9, **place) for place in places]
        pages = [shown("p1", query_hash=9, **place) for place in places]
        later = did("click", "p1", query_hash=9, offset=8, visitor_id="v511", partition=255)
        for batch in (clicks, pages, clicks, [later, *clicks]):
            async with asyncio.timeout(60):
                await FeatureWriter(store, generation).apply(batch)
        request = PageRequest(("p1",))
        page = StoredPage(request, await store.values(keys_of(request), generation), NOW)
        opens = page.columns(least_visitors=1)["product_opens_1d"]
        assert opens == pytest.approx([math.log1p(PARTITIONS + 1)])
