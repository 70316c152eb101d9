"""Measures of one ranking against the judgments of its query. They return None if undefined.

A judgment is a grade from 0 to 3. A ranking is a list of product ids, best first.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log2

RELEVANT_GRADE = 2.0
Grades = Mapping[str, float]  # product_id -> grade


def ndcg(ranking: Sequence[str], grades: Grades, cut: int = 10) -> float | None:
    """Normalised discounted cumulative gain at `cut`. Unjudged products count as grade 0.

    Gain 2^grade - 1, discount log2(position + 1) (Burges et al. 2005). The ideal ranking has all
    judged products of the query, ranked or not. Returns None if no judged product has a grade above
    0.
    """
    ideal = _dcg(sorted(grades.values(), reverse=True)[:cut])
    if ideal == 0:
        return None
    return _dcg([grades.get(product_id, 0.0) for product_id in ranking[:cut]]) / ideal


def _dcg(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades))


def condensed(ranking: Sequence[str], grades: Grades) -> list[str]:
    """The ranking without unjudged products (Sakai 2007).

    This is fair to rankings that the judges did not see.
    """
    return [product_id for product_id in ranking if product_id in grades]


def recall(ranking: Sequence[str], grades: Grades, cut: int = 100) -> float | None:
    """The share of the relevant products (grade 2 and above) among the first `cut`.

    Returns None if none is relevant.
    """
    relevant = {product_id for product_id, grade in grades.items() if grade >= RELEVANT_GRADE}
    if not relevant:
        return None
    return len(relevant.intersection(ranking[:cut])) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], grades: Grades) -> float | None:
    """1 / position of the first relevant product, 0 if it is not ranked.

    Returns None if none is relevant.
    """
    if recall(ranking, grades, 1) is None:
        return None
    places = (
        place for place, product_id in enumerate(ranking, 1) if grades.get(product_id, 0) >= RELEVANT_GRADE
    )
    return next((1 / place for place in places), 0.0)


def judged_share(ranking: Sequence[str], grades: Grades, cut: int = 10) -> float | None:
    """The share of the first `cut` results that are judged. Returns None for an empty ranking."""
    shown = ranking[:cut]
    return sum(product_id in grades for product_id in shown) / len(shown) if shown else None


def coverage(rankings: Iterable[Sequence[str]], product_count: int, cut: int = 20) -> float | None:
    """The share of the catalogue's products that are among the first `cut` of some ranking.

    Returns None for an empty catalogue. This is catalogue coverage (Ge, Delgado-Battenfeld and
    Jannach 2010), by default of the page that a shopper gets.
    """
    shown = {product_id for ranking in rankings for product_id in ranking[:cut]}
    return len(shown) / product_count if product_count else None


def completed(ranking: Sequence[str], grades: Grades) -> list[str]:
    """The judged products in the ranking's order, followed by unranked ones in the judgments'
    order.
    """
    ranked = condensed(ranking, grades)
    seen = set(ranked)
    return [*ranked, *(product_id for product_id in grades if product_id not in seen)]


def mean(values: Sequence[float | None]) -> float | None:
    """The mean over the queries for which a measure is defined. Returns None if there are none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank).

    Returns 0 without values.
    """
    if not values:
        return 0.0
    place = max(0, -int(-share * len(values) // 1) - 1)
    return sorted(values)[place]


def quantiles_ms(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 of durations, in milliseconds rounded to hundredths."""
    return {f"p{share}": round(quantile(values, share / 100), 2) for share in (50, 95, 99)}
