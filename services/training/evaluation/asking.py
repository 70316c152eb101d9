"""Requests rankings tier by tier, and times pages."""

from __future__ import annotations  # Tier.ValueType is in the stubs only

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aisle.v1.search_pb2 import VARIANTS_ALL, AnyOf, Filter, SearchRequest, SearchResponse, Tier
from services.training.evaluation.judgments import JudgedQuery
from shared.errors import AisleError, Overloaded, Unavailable

TIERS = {
    "lexical": Tier.TIER_LEXICAL,
    "dense": Tier.TIER_DENSE,
    "fused": Tier.TIER_FUSED,
    "reranked": Tier.TIER_RERANKED,
}
CROSS_ENCODED = "cross_encoded"
ALL_TIERS = TIERS | {CROSS_ENCODED: Tier.TIER_CROSS_ENCODED}
_PATIENT_MS = 10_000
DEPTH = 400  # results: deep enough that a condensed top 10 is full
_PAGE_SIZE = 200
_SHOWN = 20  # results of a timed page, the default of a request


class Search(Protocol):
    def __call__(self, request: SearchRequest, /) -> SearchResponse: ...


def tiers_of(search: Search, text: str) -> Mapping[str, Tier.ValueType]:
    """The tiers that an engine serves, by name: the last one only if it has a cross-encoder."""
    wanted = Tier.TIER_CROSS_ENCODED
    page = search(
        SearchRequest(query=text, max_tier=wanted, page_size=1, deadline_ms=_PATIENT_MS, unlogged=True)
    )
    return ALL_TIERS if page.served_by.tier == wanted else TIERS


@dataclass
class Notes:
    """Versions and degradations that the pages reported."""

    snapshot_version: str = ""
    bundle_version: str = ""
    pages: int = 0
    degraded_pages: int = 0
    missed_pages: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)  # of products on the pages

    def take(self, page: SearchResponse, requested: Tier.ValueType) -> None:
        """Add a page that was requested with the tier `requested`."""
        served = page.served_by
        self.snapshot_version = served.snapshot_version or self.snapshot_version
        self.bundle_version = served.bundle_version or self.bundle_version
        below = [] if served.tier == requested else [f"served by {Tier.Name(served.tier)}"]
        reasons = [*served.degraded, *below]
        self.pages += 1
        self.degraded_pages += bool(reasons)
        self.reasons.update(reasons)
        self.titles.update({each.product.product_id: each.product.title for each in page.results})

    def miss(self, error: AisleError) -> None:
        """Add a missing page.

        A late or refused page on a busy machine does not end an evaluation.
        """
        self.pages += 1
        self.degraded_pages += 1
        self.missed_pages += 1
        self.reasons[f"no page: {str(error).partition(';')[0]}"] += 1


@dataclass(frozen=True)
class Asker:
    """Requests whole rankings. `deadline_ms` is long, so that no stage is skipped."""

    search: Search
    deadline_ms: int = 2000
    judged_only: bool = False
    tiers: Mapping[str, Tier.ValueType] = field(default_factory=lambda: TIERS)

    def ranking(self, query: JudgedQuery, tier: Tier.ValueType, notes: Notes) -> list[str]:
        """Product ids, best first, at most DEPTH."""
        request = SearchRequest(
            query=query.text,
            page_size=_PAGE_SIZE,
            max_tier=tier,
            deadline_ms=self.deadline_ms,
            unlogged=True,
            variants=VARIANTS_ALL,  # judgments grade every variant
        )
        if self.judged_only:
            request.filters.append(Filter(field="product_id", any_of=AnyOf(values=query.grades)))
        ranking: list[str] = []
        while len(ranking) < DEPTH:
            page = self.search(request)
            if ranking and page.served_by.tier != tier:
                break  # past the ranked window
            notes.take(page, tier)
            ranking += [result.product.product_id for result in page.results]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return ranking


def timed_pages(search: Search, texts: Iterable[str], notes: Notes) -> Sequence[float]:
    """Milliseconds of each first page, with the default size and deadline."""
    durations_ms = []
    for text in texts:
        started = time.perf_counter()
        try:
            notes.take(
                search(SearchRequest(query=text, page_size=_SHOWN, unlogged=True)),
                Tier.TIER_RERANKED,
            )
        except (Unavailable, Overloaded) as error:
            notes.miss(error)
        durations_ms.append((time.perf_counter() - started) * 1000)
    return durations_ms
