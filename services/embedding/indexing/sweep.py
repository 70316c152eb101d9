"""Remove what a catalogue file does not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np

from services.embedding.indexing.incoming import Hashes, IncomingProducts
from shared.errors import InvalidRequest
from shared.snapshot.products import id_hash

_LARGEST_SHARE = 0.5  # of the products that may go without being told so


@dataclass(frozen=True)
class Gone:
    """Products that a new snapshot does not have, by the hashes of their ids."""

    hashes: Hashes
    swept_count: int = 0  # of them, because they were not in the file

    @classmethod
    def of(cls, product_ids: Iterable[str]) -> Gone:
        """Those that were removed."""
        return cls(_hashes(product_ids))


@dataclass(frozen=True)
class Sweep:
    """What of the products of before stays, and how many may go."""

    # Ids that stay although they are not among the products; asked after those
    kept: Callable[[], Collection[str]]
    # Whether more than half of the products may go, and whatever rows could not be read
    large: bool = False
    # Rows that may be any product's; asked after the products
    unreadable: Callable[[], int] = lambda: 0

    def gone(self, removed: Gone, old: Hashes, incoming: IncomingProducts, written: int) -> Gone:
        """What was removed before, and all that is not incoming after the first `written`, which
        come from the log.

        Raises InvalidRequest when more than half of the products would go, or any that a row may
        mean which could not be read, and nobody has said that they may.
        """
        hashes, places = incoming.last_places()
        before = np.union1d(old, incoming.hashes(written))
        before = before[~np.isin(before, removed.hashes)]
        staying = np.concatenate([hashes[places >= written], _hashes(self.kept())])
        swept = before[~np.isin(before, staying)]
        if len(swept) and not self.large:
            self._check(len(swept), len(before))
        return Gone(np.union1d(removed.hashes, swept), len(swept))

    def _check(self, swept: int, before: int) -> None:
        reason = f"{swept:,} of {before:,} products are not in the file and would be removed"
        if swept > _LARGEST_SHARE * before:
            raise InvalidRequest(
                "--replace", f"{reason}; nothing was changed. Allow it with --allow-large-removal"
            )
        if unreadable := self.unreadable():
            rows = f"{unreadable:,} of its rows could not be read and may be theirs"
            remedy = "Mend the file, or allow it with --allow-large-removal"
            raise InvalidRequest("--replace", f"{reason}, and {rows}; nothing was changed. {remedy}")


def gone_products(
    deletions: Iterable[str],
    sweep: Sweep | None,
    old: Hashes,
    incoming: IncomingProducts,
    written: int,
) -> Gone:
    """The products that are not in the new snapshot.

    `written` of those that are incoming came from the tail.
    """
    deleted = Gone.of(deletions)
    return sweep.gone(deleted, old, incoming, written) if sweep else deleted


def _hashes(product_ids: Iterable[str]) -> Hashes:
    return np.array([id_hash(product_id) for product_id in product_ids], np.uint64)
