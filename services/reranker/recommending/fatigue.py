"""What a visitor was shown on several days and left alone gives way to other products.

Frequency capping as a price: each of the last three days on which a product was shown costs a part
of the spread of the scores. Today does not count, so that pages of one day agree. Neither do
products that the visitor acted on or bought, which may be bought again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.formula import Scores
from services.reranker.recommending.placement import Placement
from shared.features.counted_once import REMEMBERED_DAYS, CountedOnce, names_of
from shared.features.spec import SHOWN

# Where the shop chooses for the visitor; other placements answer what is asked
TIRING = frozenset((Placement.FOR_YOU,))
_LOOKED_AT = 100  # best candidates, by whose scores the price is set


def tired(
    scores: Scores,
    product_ids: Sequence[str],
    shown: CountedOnce,
    evidence: Evidence,
    weight: float,
) -> Scores:
    """(n,): what is taken from the scores (n,) of the products.

    `shown` has the pages of the visitor. `weight`, at least 0, is the price of a day, in spreads of
    the best scores.
    """
    if weight <= 0 or not len(scores):
        return np.zeros(len(scores))
    today, history = int(evidence.now_day), evidence.history
    days = np.zeros(len(scores))
    for day in range(today - REMEMBERED_DAYS, today):
        days += shown.has(names_of(day, 0, SHOWN, product_ids))
    wanted = [each in history.recent or each in history.place for each in product_ids]
    days[np.array(wanted, np.bool_)] = 0
    best = np.sort(scores)[-_LOOKED_AT:]
    return weight * float(np.ptp(best)) * days
