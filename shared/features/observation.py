"""What a record of the log tells about shoppers, as the cores know it; times in seconds since 1970."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interaction:
    """One action of one visitor on some products."""

    action: str
    visitor_id: str
    product_ids: tuple[str, ...]
    time_seconds: float
    session_id: str = ""
    query_hash: int = 0  # of the search that led to it; 0: not known
    left_out: str = ""  # why it changes nothing that others see (evidence.py); empty: it may


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that was shown."""

    product_ids: tuple[str, ...]
    time_seconds: float
    query_hash: int = 0  # 0: no query was searched
    visitor_id: str = ""  # empty: nobody known
    left_out: str = ""  # see Interaction


@dataclass(frozen=True, slots=True)
class Observation:
    """What happened, and the record that tells it."""

    what: Interaction | Shown
    topic: str
    partition: int
    offset: int
    key: str  # of the record: the visitor, or the search when there is none
    logged_seconds: float
    event_id: str  # the same for every record that tells the same
