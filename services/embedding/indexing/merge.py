"""Decides which products a new snapshot has, and their order.

Old products keep their order, and new ones follow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing.incoming import Hashes

Places = NDArray[np.int64]
NONE = -1


@dataclass(frozen=True)
class Merge:
    """The source of the product in each row of the new snapshot (n,)."""

    old_rows: Places  # its row in the old snapshot, NONE if it is new
    new_places: Places  # its index among the incoming products, NONE if it is not among them

    def __len__(self) -> int:
        return len(self.old_rows)


def merge(old: Hashes, incoming: tuple[Hashes, Places], gone: Hashes) -> Merge:
    """`old` are the id hashes of the old snapshot by row (m,).

    An id that is both incoming and gone is removed.
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
