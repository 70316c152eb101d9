"""Retrieval in this process and on the wire."""

from collections.abc import AsyncIterator

import pytest

from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot, Snapshots
from tests.contract.retrieval_doors import Door, served, snapshot_of


@pytest.fixture(scope="module", params=["a snapshot", "a live snapshot"])
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The same catalogue, as it was indexed or as it was written."""
    return snapshot_of(request.param, tmp_path_factory.mktemp("contract"))


@pytest.fixture(params=["in this process", "on the wire"])
async def door(request: pytest.FixtureRequest, snapshot: Snapshot) -> AsyncIterator[Door]:
    service = RetrievalService(Snapshots(snapshot), Retriever())
    if request.param == "in this process":
        yield service
    else:
        async with served(service) as stub:
            yield stub
