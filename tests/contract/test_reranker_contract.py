"""The reranker answers alike over the wire and in one process."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from aisle.v1.reranker_pb2 import RerankRequest, RerankResponse
from aisle.v1.reranker_pb2_grpc import RerankerServiceStub, add_RerankerServiceServicer_to_server
from services.feedback.feature_writer import FeatureWriter
from services.reranker.feature_reader import FeatureReader
from services.reranker.features import FEATURES
from services.reranker.opened import OpenedRerankers
from services.reranker.reranker import Reranker
from services.reranker.service import RerankerService
from services.reranker.work_queue import WorkQueue
from shared.errors import InvalidRequest, Overloaded, SnapshotGone, Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.scopes.visitor import VISITOR_WEIGHT
from shared.rpc.channels import connect
from shared.rpc.server import Server
from tests.unit.feedback.observations import did
from tests.unit.reranker.tiny_reranker import VERSION, tiny_request, tiny_reranker

ACTED = (("click", "p3"), ("add_to_cart", "p9"))


class Door(Protocol):
    def Rerank(self, request: RerankRequest, /) -> Awaitable[RerankResponse]: ...


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    folder: Path = tmp_path_factory.mktemp("contract")
    return tiny_reranker(folder)


@asynccontextmanager
async def served(service: RerankerService) -> AsyncIterator[Door]:
    services = [("aisle.v1.RerankerService", add_RerankerServiceServicer_to_server, service)]
    server = Server(services, port=0, host="127.0.0.1")
    await server.start()
    try:
        async with connect(f"127.0.0.1:{server.port}") as channel:
            yield RerankerServiceStub(channel)
    finally:
        await server.stop(grace_seconds=0)


@pytest.fixture
async def store() -> MemoryFeatureStore:
    """One in which visitor v1 has acted on two products."""
    store = MemoryFeatureStore()
    told = [did(action, product, offset=at, at=time.time()) for at, (action, product) in enumerate(ACTED, 1)]
    await FeatureWriter(store, "").apply(told)
    return store


@pytest.fixture(params=["in this process", "on the wire"])
async def door(
    request: pytest.FixtureRequest, tiny: Reranker, store: MemoryFeatureStore
) -> AsyncIterator[Door]:
    features = FeatureReader(store, limit_ms=1_000)
    service = RerankerService(OpenedRerankers(tiny), WorkQueue(workers=1, max_waiting=8), features)
    if request.param == "in this process":
        yield service
    else:
        async with served(service) as stub:
            yield stub


async def test_both_doors_give_the_same_order(tiny: Reranker) -> None:
    local = RerankerService(OpenedRerankers(tiny), WorkQueue(workers=1, max_waiting=8))
    request = tiny_request()
    request.explain_limit = request.feature_limit = 5
    async with served(local) as wire:
        here = await local.Rerank(request)
        there = await wire.Rerank(request)
    for response in (here, there):
        response.stage_ms.clear()
    assert there == here


async def test_a_response_is_complete(door: Door) -> None:
    request = tiny_request(count=40)
    request.explain_limit = 3
    request.feature_limit = 50
    response: RerankResponse = await door.Rerank(request)
    assert sorted(response.order) == list(range(40))
    assert list(response.relevance_scores) == sorted(response.relevance_scores, reverse=True)
    assert np.frombuffer(response.feature_values, dtype="<f4").size == 40 * len(FEATURES)
    assert list(response.feature_names) == list(FEATURES)
    assert (len(response.explanations), response.block_scored_count) == (3, 20)
    assert (response.bundle_version, list(response.degraded)) == ("tiny", [])
    assert set(response.stage_ms) == {"store", "gather", "maxsim", "block", "features", "ranker"}


async def test_explanations_belong_to_the_results_and_sum_to_their_scores(door: Door) -> None:
    request = tiny_request()
    request.explain_limit = 5
    request.visitor_id = "v1"
    response = await door.Rerank(request)
    for score, explanation in zip(response.relevance_scores, response.explanations, strict=False):
        assert sum(part.contribution for part in explanation.contributions) == pytest.approx(score, abs=1e-6)


async def test_the_page_of_a_visitor_who_acted_is_another_than_a_strangers(door: Door) -> None:
    stranger = tiny_request()
    known = tiny_request()
    stranger.visitor_id = "v2"
    known.visitor_id = "v1"
    known.feature_limit = 40
    response = await door.Rerank(known)
    assert (await door.Rerank(stranger)).order != response.order
    values = np.frombuffer(response.feature_values, dtype="<f4").reshape(40, len(FEATURES))
    weights = values[:, FEATURES.index(VISITOR_WEIGHT)]
    product_ids = [f"p{known.rows[place]}" for place in response.order]
    assert {each for each, weight in zip(product_ids, weights, strict=True) if weight} == {
        "p3",
        "p9",
    } & {*product_ids}


async def test_no_candidates_give_an_empty_order(door: Door) -> None:
    assert list((await door.Rerank(tiny_request(count=0))).order) == []


def _set(field: str, value: Any) -> Callable[[RerankRequest], None]:
    def change(request: RerankRequest) -> None:
        target, _, name = field.rpartition(".")
        setattr(getattr(request, target) if target else request, name, value)

    return change


def _list(field: str, *values: Any) -> Callable[[RerankRequest], None]:
    def change(request: RerankRequest) -> None:
        getattr(request, field)[:] = values

    return change


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("budget_ms", _set("budget_ms", -1)),
        ("budget_ms", _set("budget_ms", float("nan"))),
        ("encoding.token_count", _set("encoding.token_count", 0)),
        ("encoding.hidden", _set("encoding.hidden", b"abc")),
        ("encoding.hidden", _set("encoding.hidden", b"\0" * 24)),
        ("encoding.states", _set("encoding.states", b"")),
        ("encoding.states", _set("encoding.states", b"\0" * 24)),
        (
            "encoding.token_weights",
            _set("encoding.token_weights", np.array([1, -1, 1], "<f4").tobytes()),
        ),
        (
            "encoding.token_weights",
            _set("encoding.token_weights", np.array([1, np.nan, 1], "<f4").tobytes()),
        ),
        ("rows", _list("rows", *[0] * 6_000)),
        ("lexical_scores", _list("lexical_scores", 1.0)),
        ("fused_scores", _list("fused_scores", *[float("inf")] * 40)),
        ("dense_ranks", _list("dense_ranks")),
    ],
)
async def test_what_cannot_be_ranked_names_the_field(
    door: Door, field: str, change: Callable[[RerankRequest], None]
) -> None:
    request = tiny_request()
    change(request)
    with pytest.raises(InvalidRequest, match=f"^{field}: "):
        await door.Rerank(request)


async def test_a_snapshot_that_is_not_open_is_gone(door: Door) -> None:
    request = tiny_request()
    request.snapshot_version = "20250101T000000.000000Z"
    with pytest.raises(SnapshotGone, match=VERSION):
        await door.Rerank(request)


async def test_before_the_first_snapshot_the_service_is_unavailable() -> None:
    request = tiny_request()
    request.snapshot_version = ""
    with pytest.raises(Unavailable, match="no bundle that fits"):
        await RerankerService(OpenedRerankers(), WorkQueue(workers=1, max_waiting=8)).Rerank(request)


async def test_the_snapshot_before_the_newest_is_still_served_and_the_one_before_it_is_not(
    tmp_path: Path,
) -> None:
    versions = [f"2026112{day}T000000.000000Z" for day in (4, 5, 6)]
    opened = OpenedRerankers()
    for version in versions:
        opened.add(tiny_reranker(tmp_path, version))
    assert [opened.of(version).snapshot.version for version in versions[1:]] == versions[1:]
    assert opened.newest.snapshot.version == versions[2]
    with pytest.raises(SnapshotGone):
        opened.of(versions[0])


async def test_more_requests_than_can_wait_are_refused_at_once_and_the_others_answered(
    tiny: Reranker,
) -> None:
    service = RerankerService(OpenedRerankers(tiny), WorkQueue(workers=1, max_waiting=4))
    results = await asyncio.gather(
        *(service.Rerank(tiny_request()) for _ in range(20)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Overloaded)]
    answered = [result for result in results if isinstance(result, RerankResponse)]
    assert (len(answered), len(refused)) == (5, 15)
