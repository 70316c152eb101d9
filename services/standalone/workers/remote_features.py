"""The feature store of the first process, as a page worker reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grpc import aio

from aisle.v1.worker_pb2 import ReadFeaturesRequest
from aisle.v1.worker_pb2_grpc import WorkerFeaturesServiceStub
from shared.errors import Unavailable
from shared.features.store import Change


class RemoteFeatures:
    """FeatureStore of the first process, in a page worker. It can be read only."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub: Any = WorkerFeaturesServiceStub(channel)

    async def generation(self) -> str:
        """See FeatureStore. It does not outlive the first process."""
        return ""

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        answer = await self._stub.ReadFeatures(ReadFeaturesRequest(keys=keys))
        return [value or None for value in answer.values]

    async def replace(self, changes: Sequence[Change], generation: str) -> list[bool]:
        """Raises Unavailable: only the first process counts."""
        raise Unavailable("a page worker does not write features")

    async def publish(self, generation: str) -> None:
        """Raises Unavailable."""
        raise Unavailable("a page worker does not write features")

    async def forget(self, generation: str) -> None:
        """Raises Unavailable."""
        raise Unavailable("a page worker does not write features")

    async def close(self) -> None:
        """See FeatureStore. The channel is its owner's."""
