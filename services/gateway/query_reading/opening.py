"""Makes the reader of queries that a gateway's settings ask for."""

from __future__ import annotations

from functools import partial

from services.gateway.config import GatewayConfig
from services.gateway.ports import Retrieval
from services.gateway.query_reading.catalog_terms import gathered
from services.gateway.query_reading.query_reader import QueryReader


def query_reader(config: GatewayConfig, retrieval: Retrieval, fair_ms: float) -> QueryReader | None:
    """The reader; None if no model is named."""
    if not config.query_reader:
        return None
    # Its library takes a tenth of a second to load
    from services.gateway.query_reading.chat_client import ChatClient

    chat = ChatClient(
        config.query_reader,
        config.query_reader_model,
        config.query_reader_key,
        config.query_reader_timeout_ms / 1e3,
    )
    return QueryReader(
        chat,
        partial(gathered, retrieval),
        fair_ms,
        config.query_reader_max_calls,
        config.query_reader_max_bytes,
        config.query_reader_ttl_seconds,
    )
