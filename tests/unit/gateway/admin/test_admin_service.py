from aisle.v1.admin_pb2 import GetStatusRequest
from aisle.v1.search_pb2 import SearchRequest
from services.gateway.admin.admin_service import AdminService
from services.gateway.ports import Status
from tests.unit.gateway.conftest import Gateway


class Source:
    async def status(self) -> Status:
        return Status("s1", 3, "b1", {"encoder": "hash"}, 7, dead_letter_count=2)


async def test_the_status_says_what_is_served() -> None:
    status = await AdminService(Source()).GetStatus(GetStatusRequest())
    assert (status.snapshot_version, status.product_count, status.bundle_version) == ("s1", 3, "b1")
    assert (dict(status.engines), status.pending_writes) == ({"encoder": "hash"}, 7)
    assert status.dead_letter_count == 2
    assert status.aisle_version and status.uptime_seconds >= 0


async def test_the_status_has_the_counts_of_all_parts(gateway: Gateway) -> None:
    await gateway.search.Search(SearchRequest(query="shoe", deadline_ms=1_000))
    await gateway.search.close()
    admin = AdminService(Source(), gateway.search.counts, lambda: {"spool.kept": 5})
    assert dict((await admin.GetStatus(GetStatusRequest())).counts) == {
        "pages": 1,
        "pages.TIER_RERANKED": 1,
        "impressions.appended": 1,
        "spool.kept": 5,
    }
