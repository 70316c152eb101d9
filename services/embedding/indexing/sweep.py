"""Removes the products that a catalogue file lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np

from services.embedding.indexing.incoming import Hashes, IncomingProducts
from shared.errors import InvalidRequest
from shared.snapshot.products import id_hash

_LARGEST_SHARE = 0.5  # share of the products that may be removed without permission


@dataclass(frozen=True)
class Gone:
    """Products that a new snapshot lacks, by the hashes of their ids."""

    hashes: Hashes
    swept_count: int = 0  # how many of them the file lacks

    @classmethod
    def of(cls, product_ids: Iterable[str]) -> Gone:
        """The removed products."""
        return cls(_hashes(product_ids))


@dataclass(frozen=True)
class Sweep:
    """Decides which old products stay, and how many may be removed."""

    # Ids that stay although the source lacks them; called after reading the source
    kept: Callable[[], Collection[str]]
    # Whether more than half of the products, and those of unreadable rows, may be removed
    large: bool = False
    # Rows that could be any product's; called after reading the source
    unreadable: Callable[[], int] = lambda: 0

    def gone(self, removed: Gone, old: Hashes, incoming: IncomingProducts, written: int) -> Gone:
        """Products removed before, and all that are not incoming after the first `written`, which
        come from the log.

        Raises InvalidRequest without permission if more than half of the products would be removed.
        The same applies to any removal if some rows could not be read.
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
    """The products that the new snapshot lacks.

    The first `written` of the incoming ones came from the tail.
    """
    deleted = Gone.of(deletions)
    return sweep.gone(deleted, old, incoming, written) if sweep else deleted


def _hashes(product_ids: Iterable[str]) -> Hashes:
    return np.array([id_hash(product_id) for product_id in product_ids], np.uint64)
