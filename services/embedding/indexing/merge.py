"""Which products a new snapshot has, in which order.

The old ones where they were, the new ones behind them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing.incoming import Hashes

Places = NDArray[np.int64]
NONE = -1


@dataclass(frozen=True)
class Merge:
    """For each row of the new snapshot (n,): where its product comes from."""

    old_rows: Places  # its row in the old snapshot, NONE when it is new there
    new_places: Places  # its place among the incoming products, NONE when it did not come again

    def __len__(self) -> int:
        return len(self.old_rows)


def merge(old: Hashes, incoming: tuple[Hashes, Places], gone: Hashes) -> Merge:
    """`old` are the id hashes of the old snapshot by row (m,).

    An id both incoming and gone is gone.
    """
    hashes, places = incoming
    hashes, places = _without(hashes, places, gone)
    kept = np.flatnonzero(~np.isin(old, gone))
    found = _place_of(old[kept], hashes, places)
    fresh = ~np.isin(hashes, old)
    old_rows = np.concatenate([kept, np.full(int(fresh.sum()), NONE)])
    return Merge(old_rows.astype(np.int64), np.concatenate([found, places[fresh]]).astype(np.int64))


def _without(hashes: Hashes, places: Places, gone: Hashes) -> tuple[Hashes, Places]:
    staying = ~np.isin(hashes, gone)
    return hashes[staying], places[staying]


def _place_of(wanted: Hashes, hashes: Hashes, places: Places) -> Places:
    if not len(hashes):
        return np.full(len(wanted), NONE)
    order = np.argsort(hashes)
    at = np.clip(np.searchsorted(hashes, wanted, sorter=order), 0, len(hashes) - 1)
    found = order[at]
    return np.where(hashes[found] == wanted, places[found], NONE)
