"""Pages and interactions as the join reads them from the log; times in microseconds since 1970."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from shared.events.log import Record


class Line(NamedTuple):
    """A product of an interaction: for a purchase, one line of the order."""

    product_id: str
    quantity: int
    price: float | None  # of one unit; None: not known


@dataclass(frozen=True, slots=True)
class Interaction:
    """One action of one visitor."""

    query_id: str  # of the search that led to it, without signature; empty: not known
    visitor_id: str
    event_id: str
    action: str
    at_us: int
    lines: tuple[Line, ...]
    user_id: str = ""
    session_id: str = ""
    without_page: str = ""  # why no search is known to have led to it; empty: one is known


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was shown."""

    query_id: str  # without signature
    first: int  # position of its first product
    query_hash: int  # 0: no query was typed
    typed: str  # the normalised query
    visitor_id: str
    user_id: str
    session_id: str
    experiment_ids: tuple[str, ...]
    at_us: int
    snapshot_version: str
    bundle_version: str
    arm: str
    placement: str  # of a recommendation; empty for a search
    feature_names: tuple[str, ...]
    body: bytes  # its products; see packing.py


# Parses a record. Returns the reason if it is not to be joined. Raises ValueError if unreadable.
Read = Callable[[Record], Page | Interaction | str]
