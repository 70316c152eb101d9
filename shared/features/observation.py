"""Pages and interactions of the log, for features; times in seconds since 1970."""

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
    left_out: str = ""  # why it does not affect other visitors' pages (evidence.py); empty: it may


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that was shown."""

    product_ids: tuple[str, ...]
    time_seconds: float
    query_hash: int = 0  # 0: no query
    visitor_id: str = ""  # empty: unknown
    left_out: str = ""  # see Interaction


@dataclass(frozen=True, slots=True)
class Observation:
    """The content of a record, and its place in the log."""

    content: Interaction | Shown
    topic: str
    partition: int
    offset: int
    key: str  # of the record: the visitor, or the search if there is no visitor
    logged_seconds: float
    event_id: str  # the same in all records of one event
