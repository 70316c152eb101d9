"""The request of a recall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.facets import FacetRequest
from services.retrieval.filters import Tree
from services.retrieval.narrowing import NO_LIMITS, Limits
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.errors import InvalidRequest
from shared.query_memory.memory import QueryMemory
from shared.text.query import MAX_QUERY_CHARACTERS

LEXICAL = "lexical"
DENSE = "dense"
FUSED = "fused"
DEFAULT_LIMIT = 400


@dataclass(frozen=True)
class Request:
    """A recall from one snapshot."""

    query: str = ""  # after analysis; empty browses
    vector: NDArray[np.float32] | None = None  # (dim,), unit norm
    filters: tuple[Tree, ...] = ()
    facets: tuple[FacetRequest, ...] = ()
    order_by: str = ""
    currency_code: str = ""  # of the prices that an order by price shows first
    limit: int = DEFAULT_LIMIT
    tier: str = FUSED
    memory: QueryMemory | None = None  # what shoppers opened; None: not known
    languages: tuple[str, ...] = ()  # of the query; none: those of the catalogue
    synonyms: Synonyms = NO_SYNONYMS
    limits: Limits = NO_LIMITS  # what the query says beside its words
    # Other orders drop products that mention the words only outside their name
    strict_order: bool = True
    as_typed: tuple[str, ...] = ()  # kinds of soft filters that are not read
    by_product: bool = False  # one variant of each product; False: every variant is a product
    # Products after a ranked window, without the excluded ones. Continue after
    # `after_product_ids`; if none still matches, at `offset`.
    exclude_product_ids: tuple[str, ...] = ()
    offset: int = 0
    after_product_ids: tuple[str, ...] = ()


def tier_of(request: Request) -> str:
    """The tier that can run: without a vector, words alone."""
    return request.tier if request.vector is not None else LEXICAL


def degraded(request: Request) -> tuple[str, ...]:
    """What cannot run, and why."""
    misses_vector = request.query and request.tier != LEXICAL and request.vector is None
    return ("dense: no vector",) if misses_vector else ()


def checked_query(query: str) -> str:
    """A query that the gateway has cleaned. Raises InvalidRequest if it is too long."""
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidRequest("query", f"has {len(query):,} characters; send at most {MAX_QUERY_CHARACTERS:,}")
    return query
