"""The stage of a page in which a language model reads the query, if the gateway has one."""

from __future__ import annotations

from dataclasses import dataclass

from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.window_pb2 import RankedWindow
from services.gateway.config import GatewayConfig
from services.gateway.ports import Retrieval
from services.gateway.query_reading.model_reading import AS_TYPED, KIND, ModelReading
from services.gateway.query_reading.opening import query_reader
from services.gateway.query_reading.query_reader import QueryReader
from services.gateway.search.budget import Budget
from services.gateway.validation import is_off
from shared.stage import FAIR_SHARE, Missed
from shared.text.query import normalise

_SHARE = 0.2  # of the remaining budget when the stage begins


@dataclass(frozen=True)
class ModelStage:
    """Without a reader, every query stands as it was typed."""

    reader: QueryReader | None = None

    @classmethod
    def of(cls, config: GatewayConfig, retrieval: Retrieval) -> ModelStage:
        """The stage that a gateway's settings ask for."""
        return cls(query_reader(config, retrieval, config.deadline_ms * _SHARE * FAIR_SHARE))

    async def read(self, request: SearchRequest, budget: Budget) -> ModelReading:
        """The reading of the request's query."""
        if self.reader is None or is_off(KIND, request):
            return AS_TYPED
        query = normalise(request.query)
        if not query:
            return AS_TYPED
        with budget.timed(KIND):
            try:
                return await self.reader.read(query, request.language_code, budget.left_ms() * _SHARE)
            except Missed as missed:
                budget.left_out(str(missed))
                return AS_TYPED

    async def close(self) -> None:
        """End the reader's calls."""
        if self.reader is not None:
            await self.reader.close()


NO_MODEL = ModelStage()


def note(window: RankedWindow, reading: ModelReading, request: SearchRequest) -> None:
    """Note a reading in the window that was ranked by it, for the rest behind the window."""
    if reading:
        window.reading.insert(0, reading.part(normalise(request.query)))
        window.read_query = reading.words
        window.read_filters.extend(reading.filters)


def noted(window: RankedWindow) -> ModelReading:
    """The reading by which a window was ranked."""
    return ModelReading(window.read_query, tuple(window.read_filters))
