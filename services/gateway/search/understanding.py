"""Understands a query: a language model's reading, its analysis, its encoding. Any may be missing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse, QueryEncoding
from aisle.v1.retrieval_pb2 import AnalyzeQueryRequest, AnalyzeQueryResponse
from aisle.v1.search_pb2 import TIER_LEXICAL, SearchRequest
from services.gateway.ports import Embedding, Retrieval
from services.gateway.query_reading.model_reading import AS_TYPED, ModelReading
from services.gateway.search.budget import Budget
from services.gateway.search.model_stage import NO_MODEL, ModelStage
from shared.errors import SnapshotGone
from shared.stage import FAIR_SHARE, Missed, Stage
from shared.text.query import normalise

_ANALYZE_SHARE = 0.2  # of the remaining budget when the stage begins
_EMBED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query with its analysis and its encoding."""

    query: str
    analysed: AnalyzeQueryResponse
    encoding: QueryEncoding | None = None
    encoder_version: str = ""  # of the encoding
    reading: ModelReading = AS_TYPED  # by a language model


@dataclass(frozen=True, slots=True)
class _Encoded:
    encoding: QueryEncoding | None
    encoder_version: str
    missed: str = ""  # why there is no encoding


@dataclass(frozen=True, slots=True)
class _Guess:
    """The encoding of the typed query, requested while retrieval checks the spelling.

    Most queries are spelled correctly.
    """

    query: str
    encoder_version: str
    encoded: asyncio.Task[_Encoded]

    def fits(self, analysed: AnalyzeQueryResponse) -> bool:
        return analysed.query == self.query and analysed.encoder_version in (
            "",
            self.encoder_version,
        )


class Understanding:
    """Gets the analysis and the snapshot's encoder from retrieval, and the encoding from embedding.

    Both calls run at once if an earlier page named the encoder. After a wrong guess, the query is
    encoded again.
    """

    def __init__(
        self, embedding: Embedding, retrieval: Retrieval, ordinary_ms: float, model: ModelStage = NO_MODEL
    ) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which lateness is judged."""
        self._model = model
        self._embedding = embedding
        self._retrieval = retrieval
        self._analysis = Stage("analyze", fair_ms=ordinary_ms * _ANALYZE_SHARE * FAIR_SHARE)
        self._encoding = Stage("embedding", (SnapshotGone,), fair_ms=ordinary_ms * _EMBED_SHARE * FAIR_SHARE)
        self._encoder_version = ""  # of the snapshot that was current last

    async def of(
        self, request: SearchRequest, budget: Budget, reading: ModelReading | None = None
    ) -> UnderstoodQuery:
        """The request's query, encoded if a tier beyond words may use that.

        `reading` is a language model's, if the query was read before.
        """
        if reading is None:
            reading = await self._model.read(request, budget)
        return replace(await self._of_words(reading.asked(request), budget), reading=reading)

    async def _of_words(self, request: SearchRequest, budget: Budget) -> UnderstoodQuery:
        query = normalise(request.query)
        if not query:
            return UnderstoodQuery("", AnalyzeQueryResponse())
        words_alone = request.max_tier == TIER_LEXICAL
        guess = self._guess(query, budget) if self._encoder_version and not words_alone else None
        try:
            analysed = await self._analyzed(query, request, budget)
            if words_alone or not analysed.query:
                return UnderstoodQuery(analysed.query, analysed)
            with budget.timed("embed"):  # only the wait beyond the analysis
                if guess and guess.fits(analysed):
                    encoded = await guess.encoded
                else:
                    encoded = await self._encoded(analysed.query, analysed.encoder_version, budget)
        finally:
            if guess:
                guess.encoded.cancel()
        if encoded.missed:
            budget.left_out(encoded.missed)
        return UnderstoodQuery(analysed.query, analysed, encoded.encoding, encoded.encoder_version)

    def _guess(self, query: str, budget: Budget) -> _Guess:
        version = self._encoder_version
        return _Guess(query, version, asyncio.create_task(self._encoded(query, version, budget)))

    async def _analyzed(self, query: str, request: SearchRequest, budget: Budget) -> AnalyzeQueryResponse:
        wanted = AnalyzeQueryRequest(
            query=query, language_code=request.language_code, as_typed=request.as_typed
        )
        with budget.timed("analyze"):
            try:
                analysed = await self._analysis.run(
                    lambda: self._retrieval.AnalyzeQuery(wanted),
                    budget.left_ms() * _ANALYZE_SHARE,
                )
            except Missed as missed:
                budget.left_out(str(missed))
                return AnalyzeQueryResponse(query=query, shown_query=query)
        self._encoder_version = analysed.encoder_version or self._encoder_version
        return analysed

    async def _encoded(self, query: str, encoder_version: str, budget: Budget) -> _Encoded:
        """The encoding, and the encoder that made it: the requested one, or one that is open."""
        try:
            try:
                response = await self._embed(query, encoder_version, budget)
            except SnapshotGone:  # the previous snapshot's encoder is still open
                response = await self._embed(query, "", budget)
        except (Missed, SnapshotGone) as missed:
            return _Encoded(None, "", str(missed))
        return _Encoded(response.encodings[0] if response.encodings else None, response.encoder_version)

    async def _embed(self, query: str, encoder_version: str, budget: Budget) -> EmbedQueriesResponse:
        wanted = EmbedQueriesRequest(queries=[query], encoder_version=encoder_version)
        limit_ms = budget.left_ms() * _EMBED_SHARE
        return await self._encoding.run(lambda: self._embedding.EmbedQueries(wanted), limit_ms)
