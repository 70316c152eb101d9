"""The feature store of the first process, for its page workers."""

from __future__ import annotations

from typing import Any

from aisle.v1.worker_pb2 import ReadFeaturesRequest, ReadFeaturesResponse
from aisle.v1.worker_pb2_grpc import (
    WorkerFeaturesServiceServicer,
    add_WorkerFeaturesServiceServicer_to_server,
)
from shared.features.store import FeatureStore
from shared.rpc.server import Register


class WorkerFeatures(WorkerFeaturesServiceServicer):
    """Answers page workers in the first process."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store

    async def ReadFeatures(self, request: ReadFeaturesRequest, context: Any = None) -> ReadFeaturesResponse:
        """See protos/aisle/v1/worker.proto."""
        values = await self._store.values(request.keys)
        return ReadFeaturesResponse(values=[value or b"" for value in values])


def features_servicer(store: FeatureStore) -> tuple[str, Register, WorkerFeatures]:
    """(full name, register function, servicer), as a server expects them."""
    name = "aisle.v1.WorkerFeaturesService"
    return name, add_WorkerFeaturesServiceServicer_to_server, WorkerFeatures(store)
