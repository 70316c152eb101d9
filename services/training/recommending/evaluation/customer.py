"""The recommendations for one customer at the split, and the customer's later purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.history import History
from services.reranker.recommending.placement import Placement
from services.training.recommending.dataset import Page
from services.training.recommending.evaluation.evaluation import Evaluation
from services.training.recommending.interactions import PURCHASE
from services.training.recommending.judging import CUT
from services.training.recommending.orders import histories, orders_between
from shared.errors import NotFound

_REASONS = 2  # features to name


@dataclass(frozen=True, slots=True)
class Recommended:
    """One recommended product."""

    product_id: str
    reasons: Sequence[str]  # features that raised its score most
    bought_days: int  # number of days on which the customer had bought it before
    was_bought: bool  # after the split


@dataclass(frozen=True, slots=True)
class CustomerStory:
    """A customer at the split."""

    history: History
    recommended: Sequence[Recommended]
    later: Sequence[str]  # products of all orders after the split, in order

    def report(self, titles: Mapping[str, str]) -> dict[str, Any]:
        """The JSON report."""
        recommended = [
            {"product_id": each.product_id, "title": titles.get(each.product_id, ""), **_of(each)}
            for each in self.recommended
        ]
        return {"history": list(self.history.product_ids), "recommended": recommended, "later": [*self.later]}


def _of(each: Recommended) -> dict[str, Any]:
    return {
        "reasons": list(each.reasons),
        "bought_days": each.bought_days,
        "was_bought": each.was_bought,
    }


def story(evaluation: Evaluation, customer: str) -> CustomerStory:
    """The story of a customer, with or without earlier purchases. Raises NotFound if unknown."""
    lines, split = evaluation.lines, evaluation.split_seconds
    try:
        visitor = list(lines.visitor_ids).index(customer)
    except ValueError:
        raise NotFound(f"{customer}: no such customer; use a visitor_id of the events") from None
    own = lines.where(lines.visitors == visitor)
    history = histories(own, split).get(visitor, History()) if len(own.of_kind(PURCHASE)) else History()
    orders = orders_between(own, split, float(lines.seconds.max()) + 1.0)
    later = list(dict.fromkeys(product for order in orders for product in order.product_ids))
    page = evaluation.moment.page(
        Evidence(evaluation.moment.memory, split, history), Placement.FOR_YOU, frozenset(later)
    )
    return CustomerStory(history, _recommended(evaluation, page), later)


def _recommended(evaluation: Evaluation, page: Page) -> list[Recommended]:
    ranker, moment = evaluation.ranker, evaluation.moment
    (shown,) = moment.rankings([page], ranker, CUT, evaluation.diversity)
    contributions, _ = ranker.contributions(moment.features(page, shown), page.placement)
    history = page.evidence.history
    return [
        Recommended(
            product_id,
            _raised_by(added),
            int(history.days[history.place[product_id]]) if product_id in history.place else 0,
            product_id in page.bought,
        )
        for product_id, added in zip(shown, contributions, strict=True)
    ]


def _raised_by(contributions: np.ndarray) -> list[str]:
    best = np.argsort(-contributions, kind="stable")[:_REASONS].tolist()
    return [RECOMMEND_FEATURES[place] for place in best if contributions[place] > 0]
