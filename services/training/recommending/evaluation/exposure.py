"""The part of a shop that recommendations show: novelty, popularity, age and brands of products."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.training.recommending.interactions import PURCHASE, Interactions, distinct_rows
from services.training.recommending.judging import CUT, Values
from shared.product_memory.memory import DAY_SECONDS

HEAD_SHARE = 0.2  # of all bought products, the most bought ones are the head
NEW_DAYS = 30.0


@dataclass(frozen=True)
class ShopFacts:
    """Facts about products at a moment. A visitor "had" a product after an open or a purchase."""

    visitor_count: int
    visitors: Mapping[str, int]  # distinct visitors of each product that any visitor had
    head: frozenset[str]
    older: frozenset[str]  # products that any visitor had NEW_DAYS before the moment
    brands: Mapping[str, str]

    @classmethod
    def of(cls, lines: Interactions, now_seconds: float, brands: Mapping[str, str]) -> ShopFacts:
        """The facts from interactions before `now_seconds`."""
        past = lines.before(now_seconds)
        names = lines.product_ids
        visitors = _visitors(past)
        bought = _visitors(past.of_kind(PURCHASE))
        order = np.argsort(-bought, kind="stable")[: round(HEAD_SHARE * np.count_nonzero(bought))]
        old = np.unique(past.before(now_seconds - NEW_DAYS * DAY_SECONDS).products)
        return cls(
            len(np.unique(past.visitors)),
            {names[place]: int(visitors[place]) for place in np.flatnonzero(visitors).tolist()},
            frozenset(names[place] for place in order.tolist()),
            frozenset(names[place] for place in old.tolist()),
            brands,
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """Measures of g lists, each cut at CUT; columns (g,)."""

    novelty: Values  # bits: mean of -log2(share of visitors who had the product) (Zhou et al., 2010)
    head: Values  # share of the list from the head
    new: Values  # share of the list that no visitor had NEW_DAYS before
    brand_count: int  # distinct brands in all lists
    top_brand: float  # share of the most shown brand in all places with a brand; 0 without brands

    @classmethod
    def of(cls, lists: Iterable[Sequence[str]], facts: ShopFacts) -> Exposure:
        """The exposure of non-empty lists; empty ones are skipped."""
        shown = [list(each[:CUT]) for each in lists if each]
        brands = Counter(facts.brands[each] for page in shown for each in page if each in facts.brands)
        most = brands.most_common(1)[0][1] if brands else 0
        return cls(
            novelty=np.array([_novelty(page, facts) for page in shown]),
            head=np.array([np.mean([each in facts.head for each in page]) for page in shown]),
            new=np.array([np.mean([each not in facts.older for each in page]) for page in shown]),
            brand_count=len(brands),
            top_brand=most / max(1, brands.total()),
        )


def _novelty(page: Sequence[str], facts: ShopFacts) -> float:
    """A product that no visitor had counts as if one visitor had it."""
    visitor_count = max(1, facts.visitor_count)
    return float(np.mean([math.log2(visitor_count / max(1, facts.visitors.get(each, 0))) for each in page]))


def _visitors(lines: Interactions) -> Values:
    """(products,): distinct visitors."""
    had = distinct_rows(lines.products, lines.visitors)[0]
    return np.bincount(had, minlength=len(lines.product_ids)).astype(np.float64)
