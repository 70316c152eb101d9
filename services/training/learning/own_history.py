"""Pages as they would be if their query had never been asked before."""

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.query import Matrix
from shared.features.scopes.query import COUNTED, IDLE_DAYS, RECENT, SHARES, TRAFFIC
from shared.features.spec import Count, Rate

_ZERO = (*(name for name, each in COUNTED.items() if isinstance(each, Count)), *SHARES, *TRAFFIC, *RECENT)
_RATES = tuple(name for name, each in COUNTED.items() if isinstance(each, Rate))
_PLACES = {name: place for place, name in enumerate(FEATURES)}


def without_own_history(features: Matrix) -> Matrix:
    """(r, len(FEATURES)): counts and shares under the query are 0, rates are those of the product.

    A ranker trained on pages with and without history also ranks well without: most queries of a
    shop are new.
    """
    changed = features.copy()
    changed[:, [_PLACES[name] for name in _ZERO]] = 0.0
    changed[:, _PLACES[IDLE_DAYS]] = np.nan
    for name in _RATES:
        changed[:, _PLACES[name]] = features[:, _PLACES[name.replace("query_", "product_", 1)]]
    return changed
