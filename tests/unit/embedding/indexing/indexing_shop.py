"""A data folder with a log and an indexer that counts letters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aisle.v1.catalog_pb2 import Product as Message
from services.embedding.indexing.catalog_follower import CatalogFollower
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.ports import VersionedEncoder
from services.embedding.indexing.tail import read_tail
from shared.artifacts import current
from shared.catalog import writes
from shared.catalog.product import Product
from shared.catalog.wire import to_message
from shared.errors import Unavailable
from shared.events.log import CATALOG, VECTORS, EventLog, NewRecord
from shared.snapshot.generation import current_generation, encoder_version, snapshots_of
from tests.unit.embedding.indexing.letter_encoder import IDENTITY, LetterEncoder


@dataclass(frozen=True)
class Letters:
    """A version of the encoder."""

    heads: str = ""
    encoder: LetterEncoder = field(default_factory=LetterEncoder)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {**IDENTITY, "heads_sha256": self.heads}

    @property
    def version(self) -> str:
        return encoder_version(self.identity)


@dataclass
class LetterEncoders:
    """Encoders as a test promotes them; the target last."""

    open: list[Letters] = field(default_factory=lambda: [Letters()])

    @property
    def target(self) -> VersionedEncoder:
        return self.open[-1]

    def all(self) -> Mapping[str, VersionedEncoder]:
        return {each.version: each for each in self.open}


@dataclass
class IndexingShop:
    """Writes to the catalogue, and their outcome."""

    data: Path
    log: EventLog
    encoders: LetterEncoders = field(default_factory=LetterEncoders)
    config: IndexingConfig = field(default_factory=lambda: IndexingConfig(refresh_seconds=0.02))

    async def write(self, *products: Product | str) -> int:
        """Upsert products, and remove those given as ids. Returns the log's position."""
        records = [writes.removal(each) if isinstance(each, str) else _whole(each) for each in products]
        return await self.append(*records)

    async def append(self, *records: NewRecord) -> int:
        return (await self.log.append(CATALOG, records))[-1].offset

    def follower(self, **settings: Any) -> CatalogFollower:
        """An indexer that does not follow yet."""
        config = replace(self.config, **settings)
        return CatalogFollower(self.data, self.log, self.encoders, lambda product: product.title, config)

    @asynccontextmanager
    async def following(self, **settings: Any) -> AsyncIterator[CatalogFollower]:
        """An indexer at work."""
        follower = self.follower(**settings)
        task = asyncio.create_task(follower.run())
        try:
            yield follower
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, catalog_offset: int) -> None:
        """Return once all records up to a position of the catalogue are applied."""
        seen = None
        async with asyncio.timeout(20):
            # Reading the tail is dear: only after a change
            while (now := await self._state()) == seen or await self.position() < catalog_offset:
                seen = now
                await asyncio.sleep(0.01)

    async def _state(self) -> tuple[int, str | None]:
        """What the position depends on: the end of the log, and the current snapshot."""
        return await self.log.end_offset(VECTORS), current(snapshots_of(self.data))

    async def position(self) -> int:
        end = await self.log.end_offset(VECTORS)
        if not end:
            return 0
        base = current_generation(self.data, verify=False)
        assert base
        return (await read_tail(self.log, snapshots_of(self.data), base.positions)).end.catalog

    async def products(self) -> dict[str, Product]:
        """The products that a replica would show, from the current snapshot and the tail of the
        log.
        """
        base = current_generation(self.data)
        if base is None:
            raise Unavailable("there is no snapshot yet")
        rows = range(len(base.products))
        found = {product.product_id: product for product in map(base.products.product, rows)}
        for change in (await read_tail(self.log, snapshots_of(self.data), base.positions)).changes():
            if change.product is None:
                found.pop(change.product_id, None)
            else:
                found[change.product_id] = change.product
        return found


def _whole(product: Product) -> NewRecord:
    message: Message = to_message(product)
    return writes.whole(message)
