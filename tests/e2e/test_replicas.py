"""Two retrieval and two reranker processes, and pages while one of each dies."""

import shutil
from pathlib import Path

import pytest

from tests.faults import kill, missed_seconds, pages_of, probes_of, unexcused
from tests.gateways import Gateways
from tests.load import Load, Pace
from tests.sample_shop import product_ids_of, queries_of
from tests.shop import running_shop

KILLED = ("retrieval-1", "reranker-1", "retrieval-2", "reranker-2")
PACE = Pace(pages_a_second=4, merchants=1, visitors=1)


@pytest.mark.timeout(900)
async def test_one_of_two_that_is_killed_costs_no_page_and_none_is_worse_for_long(
    sample_shop: Path, sample: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample_shop / "snapshots", tmp_path / "data" / "snapshots")
    with running_shop(tmp_path / "data", tmp_path / "run", {"retrieval": 2, "reranker": 2}) as shop:
        async with (
            Gateways(shop.processes.gateway) as gateways,
            probes_of(gateways, shop) as probes,
            Load(gateways, queries_of(sample), product_ids_of(sample), PACE) as load,
        ):
            faults = [await kill(shop, name, probes) for name in KILLED]
    assert unexcused(load, faults) == [], faults
    for fault in faults:
        pages = pages_of(load, fault)
        assert len(pages) > 3 and {page.tier for page in pages} <= {"TIER_RERANKED", "TIER_FUSED"}
        assert all(page.left_out for page in pages if page.tier == "TIER_FUSED")
        assert missed_seconds(load, fault) < 1.0, [page for page in pages if page.left_out]
