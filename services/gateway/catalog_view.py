"""The newest state of a product: the log's when it is newer than the snapshot, otherwise the snapshot's."""

from typing import Protocol

from services.gateway.ports import WrittenProduct
from shared.events.log import CATALOG, EventLog


class ServedCatalog(Protocol):
    """The snapshot that answers searches."""

    @property
    def log_position(self) -> int:
        """Offset of the last catalogue record that it contains."""
        ...

    def payload(self, product_id: str) -> bytes | None:
        """The serialised product; None when it has none of that id."""
        ...


class NothingServed:
    """Before there is a snapshot, or where none is at hand."""

    log_position = 0

    def payload(self, product_id: str) -> bytes | None:
        return None


class LogCatalogView:
    """CatalogView over the log and what is served."""

    def __init__(self, log: EventLog, served: ServedCatalog) -> None:
        self._log, self._served = log, served

    async def product(self, product_id: str) -> WrittenProduct | None:
        """See CatalogView."""
        record = await self._log.latest(CATALOG, product_id)
        payload = self._served.payload(product_id)
        if record is None or (record.offset <= self._served.log_position and payload is not None):
            return None if payload is None else WrittenProduct(payload, searchable=True)
        if record.value is None:
            return None
        return WrittenProduct(record.value, searchable=record.offset <= self._served.log_position)
