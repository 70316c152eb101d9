"""The feature store of the first process, as a page worker reads it."""

from __future__ import annotations

from collections.abc import Sequence

from aisle.v1.worker_pb2 import ReadFeaturesRequest, ReadFeaturesResponse
from services.standalone.workers.connection import Answer, Connection, Kind
from shared.errors import Unavailable
from shared.features.store import Change, FeatureStore


class RemoteFeatures:
    """FeatureStore of the first process, in a page worker. It can be read only."""

    def __init__(self) -> None:
        self.connection: Connection | None = None  # set before the first page

    async def generation(self) -> str:
        """See FeatureStore. It does not outlive the first process."""
        return ""

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        if self.connection is None:
            raise Unavailable("the first process is not connected yet")
        request = ReadFeaturesRequest(keys=keys).SerializeToString()
        answer = ReadFeaturesResponse.FromString(await self.connection.call(Kind.READ_FEATURES, request))
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
        """See FeatureStore. The connection is its owner's."""


def features_of(store: FeatureStore) -> Answer:
    """Answers a worker's READ_FEATURES in the first process."""

    async def answer(body: bytes) -> bytes:
        values = await store.values(ReadFeaturesRequest.FromString(body).keys)
        return ReadFeaturesResponse(values=[value or b"" for value in values]).SerializeToString()

    return answer
