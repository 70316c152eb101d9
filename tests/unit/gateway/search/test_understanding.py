import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from aisle.v1.retrieval_pb2 import AnalyzeQueryRequest, AnalyzeQueryResponse
from aisle.v1.search_pb2 import TIER_LEXICAL
from services.gateway.search.budget import Budget
from services.gateway.search.understanding import Understanding, UnderstoodQuery
from shared.errors import Unavailable
from tests.unit.gateway.conftest import Embedding, Retrieval, failing, too_long
from tests.unit.gateway.shoes import shoes


@dataclass
class Speller(Retrieval):
    """Says which encoder the snapshot has; answers once it may."""

    encoder_version: str = "e1"
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def AnalyzeQuery(self, request: AnalyzeQueryRequest, context: Any = None) -> AnalyzeQueryResponse:
        await self.may_answer.wait()
        await asyncio.sleep(0)  # nobody answers in no time: a guess has begun by then
        analysed = await Retrieval.AnalyzeQuery(self, request)
        analysed.encoder_version = self.encoder_version
        return analysed


@dataclass
class Shop:
    embedding: Embedding = field(default_factory=Embedding)
    retrieval: Speller = field(default_factory=Speller)

    def __post_init__(self) -> None:
        self.understanding = Understanding(self.embedding, self.retrieval, ordinary_ms=250)
        self.budget = Budget(1_000)

    async def ask(self, query: str = "shoes", **settings: Any) -> UnderstoodQuery:
        self.budget = Budget(1_000)
        return await self.understanding.of(shoes(query=query, **settings), self.budget)


@pytest.fixture
async def shop() -> Shop:
    """One that has answered before."""
    made = Shop()
    made.retrieval.may_answer.set()
    await made.ask("something")
    made.embedding.queries.clear()
    return made


async def test_before_the_first_answer_no_encoder_is_guessed() -> None:
    shop = Shop()
    asked = asyncio.create_task(shop.ask())
    await asyncio.sleep(0.01)
    assert shop.embedding.queries == []
    shop.retrieval.may_answer.set()
    assert (await asked).encoder_version == "e1" and shop.embedding.queries == ["shoes"]


async def test_a_query_is_encoded_while_its_spelling_is_looked_at(shop: Shop) -> None:
    shop.retrieval.may_answer.clear()
    asked = asyncio.create_task(shop.ask())
    await asyncio.sleep(0.01)
    assert shop.embedding.queries == ["shoes"]
    shop.retrieval.may_answer.set()
    understood = await asked
    assert understood.encoding is not None
    assert understood.query == "shoes"
    assert not understood.analysed.corrected
    assert shop.embedding.queries == ["shoes"] and {"analyze", "embed"} <= set(shop.budget.stage_ms)


async def test_a_corrected_query_is_encoded_as_corrected(shop: Shop) -> None:
    understood = await shop.ask("shooes")
    assert (understood.query, understood.analysed.corrected) == ("shoes", True)
    assert shop.embedding.queries[-1] == "shoes" and understood.encoding is not None


async def test_another_encoder_than_guessed_is_asked(shop: Shop) -> None:
    shop.retrieval.encoder_version = shop.embedding.encoder_version = "e2"
    assert (await shop.ask()).encoder_version == "e2"
    assert shop.embedding.queries == ["shoes", "shoes"]
    await shop.ask()
    assert shop.embedding.queries == ["shoes"] * 3  # guessed at once now


async def test_a_guess_that_nobody_needs_is_given_up_and_no_reason_to_complain(shop: Shop) -> None:
    shop.embedding.trouble = too_long
    shop.retrieval.may_answer.clear()
    asked = asyncio.create_task(shop.ask("shooes"))
    await asyncio.sleep(0.01)
    shop.embedding.trouble = Embedding().trouble
    shop.retrieval.may_answer.set()
    assert (await asked).encoding is not None and shop.budget.degraded == []
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if not task.cancelling()]


async def test_without_analysis_the_guess_is_taken(shop: Shop) -> None:
    shop.retrieval.analyze_trouble = failing(Unavailable("retrieval is down"))
    understood = await shop.ask()
    assert understood.encoding is not None and shop.embedding.queries == ["shoes"]
    assert shop.budget.degraded == ["analyze: retrieval is down"]


async def test_a_guess_that_failed_is_told_once(shop: Shop) -> None:
    shop.embedding.trouble = failing(Unavailable("no service is there"))
    assert (await shop.ask()).encoding is None
    assert shop.budget.degraded == ["embedding: no service is there"]


async def test_words_alone_need_no_encoding(shop: Shop) -> None:
    assert (await shop.ask(max_tier=TIER_LEXICAL)).encoding is None
    assert shop.embedding.queries == []
