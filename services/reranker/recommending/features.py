"""The features of a recommended product: one definition for serving, logging and training.

New features go to the end, and no feature changes its meaning, because rankers in older bundles
know theirs by name. Nan is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.history import History
from services.reranker.recommending.seed_features import SEED_FEATURES, seed_columns
from shared.product_memory.memory import DECAYED, MONTH, QUARTER, WEEK, ProductMemory
from shared.product_memory.neighbours import Floats, Places

RECOMMEND_FEATURES = (
    "own_days",  # number of days on which the visitor bought it
    "own_share",  # of the visitor's days with a purchase
    "own_age",  # days since the visitor last bought it; nan: never
    "own_span",  # days since the visitor first bought it; nan: never
    "own_due",  # own_age / usual days between purchases, by this visitor or else by all
    "recent_weight",  # of the visitor's recent actions on it
    "history_owned",
    "history_bought",
    "history_opened",
    "seed_bought",
    "seed_opened",
    "seed_owned",
    "purchases_week",  # log of 1 + distinct visitors a day
    "purchases_month",
    "purchases_quarter",
    "purchases_decayed",
    "opens_week",
    "opens_month",
    "trend",  # log of the week's purchases relative to a usual week of the month
    "repeat_rate",
    "repeat_days",
    "age_days",  # since it was first seen
    "price_log",
    "price_relative",  # to the visitor's usual price
    "visits",  # of the visitor, by days with a purchase
    "visit_age",  # days since the last visit
    "products",  # distinct products that the visitor bought
    "seeds",
    "own_visits_since",  # days with a purchase since the last purchase of the product; nan: never
    "own_share_since",  # own_days / days with a purchase since the first purchase of the product
    "last_visit_owned",
    "first_purchases_week",  # log of 1 + visitors who had not bought it before
    "first_purchases_month",
    "visit_size",  # products per visit
    "visit_gap",  # days between visits
    "own_repeat_share",  # share of the visitor's purchases that were repeat purchases
    "seed_similarity",  # cosine to the mean vector of the seeds
    "all_owned",
    "history_similarity",  # cosine to the weighted mean vector of the history
    "price_gap",  # |log of the price relative to the mean price of the seeds|; nan: not known
    "rating_average",
    "rating_count_log",
    "is_proposed",  # 1: due to shoppers' actions; 0: near by vector, or to fill up
    "purchases_expected",  # log of 1 + expected visitors in a month
    "history_owned_lately",
    "history_owned_of_best",  # relative to the best product that the visitor never bought
    "history_owned_lately_of_best",
    "history_bought_of_best",
    "last_visit_owned_of_best",
    "all_owned_of_best",
    *SEED_FEATURES,
)
# Scores whose scale depends on the length of the history
_OF_BEST = ("history_owned", "history_owned_lately", "history_bought", "last_visit_owned", "all_owned")
_PLACES = {name: place for place, name in enumerate(RECOMMEND_FEATURES)}


@dataclass(frozen=True, slots=True)
class Similarity:
    """Cosines (n,) of the products' vectors to the seeds and to the history; nan: not known."""

    seeds: Floats
    history: Floats


@dataclass(frozen=True, slots=True)
class OnPage:
    """Values of n candidates in the snapshot, columns (n,)."""

    price: Floats  # nan: not known
    seed_price: Floats  # (s,) of the seeds that the snapshot has
    rating: Floats
    rating_count: Floats
    proposed_count: int  # the first so many are proposals


def feature_matrix(
    evidence: Evidence,
    product_ids: Sequence[str],
    similarity: Similarity | None = None,
    on_page: OnPage | None = None,
) -> NDArray[np.float32]:
    """The matrix (n, len(RECOMMEND_FEATURES)) float32 of n products, in that order."""
    memory = evidence.memory
    matrix = np.full((len(RECOMMEND_FEATURES), len(product_ids)), np.nan, np.float32)
    places = memory.places(product_ids)
    columns = {**_own(evidence, product_ids, places), **_of_neighbours(evidence, places)}
    columns |= {**_popularity(memory, places), **_of_product(evidence, places)}
    columns |= _of_visitor(evidence, len(product_ids))
    columns |= seed_columns(evidence, places, similarity.seeds if similarity else None)
    if similarity is not None:
        columns |= {"seed_similarity": similarity.seeds, "history_similarity": similarity.history}
    columns |= _of_page(on_page) if on_page else {}
    for name, column in columns.items():
        matrix[_PLACES[name]] = column
    return np.ascontiguousarray(matrix.T)


def _own(evidence: Evidence, product_ids: Sequence[str], places: Places) -> dict[str, NDArray[np.floating]]:
    history = evidence.history
    own = np.array([history.place.get(each, -1) for each in product_ids], np.int64)
    days = _at(history.days, own)
    last = _at(history.last_day, own, np.nan)
    first = _at(history.first_day, own, np.nan)
    age = evidence.now_day - last
    span = evidence.now_day - first
    usual = _at(evidence.memory.repeat_days, places, np.nan)
    gap = np.where(days > 1, (span - age) / np.maximum(days - 1, 1), usual)
    recent = [history.recent.get(each, 0.0) for each in product_ids]
    return {
        "own_days": days,
        "own_share": days / max(1, history.visits),
        "own_age": age,
        "own_span": span,
        "own_due": age / np.maximum(gap, 1.0),
        "recent_weight": np.array(recent, np.float32),
        "own_visits_since": np.where(days > 0, history.visits_since(last), np.nan),
        "own_share_since": days / np.maximum(history.visits_since(first - 1), days + 1e-9),
    }


def _of_neighbours(evidence: Evidence, places: Places) -> dict[str, NDArray[np.floating]]:
    names = (
        "history_owned", "history_bought", "history_opened", "seed_bought", "seed_opened", "seed_owned",
        "last_visit_owned", "all_owned", "history_owned_lately",
    )  # fmt: skip
    columns = {name: getattr(evidence, name).at(places) for name in names}
    own = evidence.memory.places(evidence.history.product_ids)
    for name in _OF_BEST:
        best = getattr(evidence, name).without(own).scores.max(initial=0.0)
        columns[f"{name}_of_best"] = columns[name] / (best if best > 0 else np.nan)
    return columns


def _popularity(memory: ProductMemory, places: Places) -> dict[str, NDArray[np.floating]]:
    def logged(table: Floats, window: int) -> Floats:
        return np.log1p(_at(table[:, window], places))

    week = _at(memory.purchases[:, WEEK], places)
    month = _at(memory.purchases[:, MONTH], places)
    return {
        "purchases_week": logged(memory.purchases, WEEK),
        "purchases_month": logged(memory.purchases, MONTH),
        "purchases_quarter": logged(memory.purchases, QUARTER),
        "purchases_decayed": logged(memory.purchases, DECAYED),
        "first_purchases_week": logged(memory.first_purchases, WEEK),
        "first_purchases_month": logged(memory.first_purchases, MONTH),
        "purchases_expected": np.log1p(_at(memory.expected_purchases, places)),
        "opens_week": logged(memory.opens, WEEK),
        "opens_month": logged(memory.opens, MONTH),
        "trend": np.log((week + 1.0) / (month * 7 / 30 + 1.0)),
    }


def _of_product(evidence: Evidence, places: Places) -> dict[str, NDArray[np.floating]]:
    memory = evidence.memory
    price_log = np.log1p(_at(memory.price, places, np.nan))
    return {
        "repeat_rate": _at(memory.repeat_rate, places, np.nan),
        "repeat_days": _at(memory.repeat_days, places, np.nan),
        "age_days": evidence.now_day - _at(memory.first_day, places, np.nan),
        "price_log": price_log,
        "price_relative": price_log - _usual_price_log(evidence),
    }


def _usual_price_log(evidence: Evidence) -> float:
    """The median log price of the products that the visitor bought; nan if not known."""
    places = evidence.memory.places(evidence.history.product_ids)
    prices = np.log1p(_at(evidence.memory.price, places, np.nan))
    known = prices[~np.isnan(prices)]
    return float(np.median(known)) if len(known) else float("nan")


def _of_visitor(evidence: Evidence, count: int) -> dict[str, NDArray[np.floating]]:
    history = evidence.history
    values = {
        "visits": history.visits,
        "visit_age": evidence.now_day - history.last_visit_day,
        "products": len(history),
        "seeds": len(evidence.seeds),
        "visit_size": float(history.days.sum()) / max(1, history.visits),
        "visit_gap": _visit_gap(history),
        "own_repeat_share": 1 - len(history) / max(1.0, float(history.days.sum())),
    }
    return {name: np.full(count, value, np.float32) for name, value in values.items()}


def _visit_gap(history: History) -> float:
    """Mean days between visits; nan for fewer than two."""
    if history.visits < 2:
        return float("nan")
    return float(history.visit_days[-1] - history.visit_days[0]) / (history.visits - 1)


def _of_page(on_page: OnPage) -> dict[str, NDArray[np.floating]]:
    known = np.log1p(on_page.seed_price[~np.isnan(on_page.seed_price)])
    seed_price = known.mean() if len(known) else np.nan
    return {
        "price_gap": np.abs(np.log1p(on_page.price) - seed_price),
        "rating_average": on_page.rating,
        "rating_count_log": np.log1p(on_page.rating_count),
        "is_proposed": (np.arange(len(on_page.price)) < on_page.proposed_count).astype(np.float32),
    }


def _at(column: Floats, places: Places, missing: float = 0.0) -> Floats:
    """The values of a column (n,) at places (k,), `missing` for -1."""
    values: Floats = np.append(column, np.float32(missing))[places]
    return values
