"""Recommendations by counting alone, as references for each evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.reranker.recommending.placement import Placement
from services.training.recommending.dataset import Moment, Page
from services.training.recommending.evaluation.questions import Question
from services.training.recommending.judging import CUT
from services.training.recommending.popularity import visitor_days
from shared.product_memory.memory import DAY_SECONDS

POPULAR_DAYS = 30.0


def peers(moment: Moment, question: Question) -> Mapping[str, Sequence[Sequence[str]]]:
    """Way -> the first CUT products of each page of a question."""
    popular = _popular(moment)
    found = {"popularity, 30 days": [_first(page, popular) for page in question.pages]}
    if question.placement is Placement.FOR_YOU and not question.pages[0].only_new:
        own = [_first(page, [*_own(page), *popular]) for page in question.pages]
        found["own frequency, then popularity"] = own
    return found


def _popular(moment: Moment) -> list[str]:
    """Products of the last POPULAR_DAYS, by distinct visitors a day, best first."""
    since = moment.now_seconds - POPULAR_DAYS * DAY_SECONDS
    past = moment.lines.before(moment.now_seconds)
    recent = past.where(past.seconds >= since)
    counts = np.bincount(visitor_days(recent)[0], minlength=len(past.product_ids))
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    return [past.product_ids[place] for place in order.tolist()]


def _own(page: Page) -> list[str]:
    history = page.evidence.history
    order = np.lexsort((-history.last_day, -history.days)).tolist()
    return [history.product_ids[place] for place in order]


def _first(page: Page, product_ids: Sequence[str]) -> list[str]:
    left_out = {*page.evidence.seeds, *(page.evidence.history.product_ids if page.only_new else ())}
    found: dict[str, None] = {}
    for product_id in product_ids:
        if product_id not in left_out:
            found[product_id] = None
        if len(found) == CUT:
            break
    return list(found)
