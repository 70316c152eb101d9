"""Pages and interactions at chosen moments, as records of a log with several partitions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aisle.v1.events_pb2 import Impression, UserEvent
from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.tables import Tables
from services.feedback.service import joinable
from shared.events.log import SEARCH_LOGS, USER_EVENTS, Record
from shared.query_ids import query_hash

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()
FIRST_DAY = date(2026, 11, 2)
FEATURES = ("bm25", "dense")
Rows = list[dict[str, Any]]


def query_id(number: int, at: float, query: str = "") -> str:
    """A query_id with a signature, the same for the same arguments."""
    hashed = query_hash(query)
    bits = int(at * 1_000) << 80 | 8 << 76 | (hashed >> 30) << 64 | 2 << 62
    return f"{UUID(int=bits | (hashed & (1 << 30) - 1) << 32 | number)}.signature"


@dataclass(frozen=True)
class Shown:
    at: float = NOON
    visitor: str = "ann"
    query: str = "lamp"
    first: int = 1
    searched: float = 0.0  # 0: as `at`
    logged: float = 0.0  # 0: as `at`
    features: tuple[str, ...] = FEATURES
    known: int = 1_000  # so many of the products have features


@dataclass(frozen=True)
class Done:
    query: str
    at: float
    visitor: str = "ann"
    event_id: str = ""  # empty: a unique one
    quantity: int = 0
    price: float | None = None
    logged: float = 0.0  # 0: as `at`
    unverified: str = ""
    user: str = ""
    session: str = ""


@dataclass
class Scene:
    """Makes records in the order of the calls; those of a visitor are in one partition."""

    partitions: int = 2
    records: list[Record] = field(default_factory=list)
    _offsets: Counter[tuple[str, int]] = field(default_factory=Counter)

    def page(self, number: int, *product_ids: str, **how: Any) -> str:
        """Add the page of a search; keyword arguments are the fields of Shown.

        Returns its query_id.
        """
        shown = Shown(**how)
        searched_for = query_id(number, shown.searched or shown.at, shown.query)
        message = Impression(
            query_id=searched_for,
            query=shown.query,
            visitor_id=shown.visitor,
            feature_names=shown.features,
            snapshot_version="s1",
            experiment_ids=["e1"],
        )
        message.event_time.FromNanoseconds(int(shown.at * 1e9))
        for position, product_id in enumerate(product_ids, shown.first):
            width = len(shown.features) if position < shown.first + shown.known else 0
            values = [position + place / 10 for place in range(width)]
            message.products.add(
                product_id=product_id, position=position, relevance_score=1 / position, feature_values=values
            )
        key = shown.visitor or searched_for
        self._add(SEARCH_LOGS, key, message.SerializeToString(), shown.logged or shown.at)
        return searched_for

    def does(self, action: str, *product_ids: str, **how: Any) -> None:
        """Add an action of a visitor; keyword arguments are the fields of Done."""
        done = Done(**how)
        event_id = done.event_id or f"e{len(self.records)}"
        message = UserEvent(event_id=event_id, action=action, visitor_id=done.visitor, query_id=done.query)
        message.event_time.FromNanoseconds(int(done.at * 1e9))
        message.unverified_query_id = done.unverified
        message.user_id = done.user
        message.session_id = done.session
        for product_id in product_ids:
            message.products.add(product_id=product_id, quantity=done.quantity, price=done.price)
        self._add(USER_EVENTS, done.visitor, message.SerializeToString(), done.logged or done.at)

    def _add(self, topic: str, key: str, value: bytes, logged: float) -> None:
        partition = sum(key.encode()) % self.partitions
        self._offsets[topic, partition] += 1
        offset = self._offsets[topic, partition]
        self.records.append(Record(offset, key, value, logged, None, topic, partition))

    def passes(self, until: float) -> None:
        """Let time pass, by a record without meaning at `until`."""
        self.does("view", "nothing", query="", at=until, visitor="nobody")


def joined(root: Path, scene: Scene, **settings: Any) -> Tables:
    """The tables of all records of a scene."""
    join = Join(root, joinable, replace(JoinConfig(), **settings))
    try:
        join.stage(scene.records)
        join.export()
    finally:
        join.close()
    return Tables(root)


def rows(tables: Tables) -> Rows:
    """All rows of all days."""
    far = timedelta(days=1_000)
    found: Rows = tables.read(FIRST_DAY - far, FIRST_DAY + far).to_pylist()
    return found


def done_rows(tables: Tables) -> Rows:
    """All rows of interactions of all days."""
    far = timedelta(days=1_000)
    found: Rows = tables.interactions(FIRST_DAY - far, FIRST_DAY + far).to_pylist()
    return found


def row(tables: Tables, product_id: str) -> dict[str, Any]:
    """The only row of a product."""
    [found] = [each for each in rows(tables) if each["product_id"] == product_id]
    return found


def counts(root: Path) -> dict[str, int]:
    """The counts of a folder's join."""
    join = Join(root, joinable)
    try:
        return join.counts()
    finally:
        join.close()


def files(root: Path) -> dict[str, bytes]:
    """The Parquet files of a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}
