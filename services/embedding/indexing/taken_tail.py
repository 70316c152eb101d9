"""Applies the changes since the current snapshot in an indexing run."""

from collections.abc import Sequence

from services.embedding.indexing.incoming import IncomingProducts
from services.embedding.indexing.tail import Tail
from shared.errors import Overloaded
from shared.snapshot.generation import Generation


def check_start(tail: Tail | None, old: Generation | None) -> None:
    """Raises Overloaded if a tail does not begin at the end of the current snapshot."""
    if tail is None:
        return
    same = tail.start.vectors == (old.positions.vectors if old else 0)
    if not same or (tail.version and old and tail.version != old.version):
        raise Overloaded("another snapshot was made meanwhile; run it again")


def unapplied(tail: Tail | None, old: Generation | None) -> Sequence[tuple[int, str]]:
    """Writes that could not be applied.

    The follower puts them aside when it switches to the snapshot.
    """
    untouched = old is not None and (tail is None or tail.end == old.positions)
    before = old.manifest.get("unapplied", ()) if old and untouched else ()
    return [*before, *(tail.unapplied if tail else ())]


def take_tail(incoming: IncomingProducts, tail: Tail | None, deletions: set[str]) -> int:
    """Add the products written since the old snapshot. Returns their number."""
    for change in tail.changes() if tail else ():
        if change.product is None:
            deletions.add(change.product_id)
        else:
            incoming.add(change.product)
    return len(incoming)
