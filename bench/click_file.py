"""Clicks from a file: tab-separated user, query, sku, category, query_time, click_time."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Click:
    """A search and the product that was clicked; times in seconds since 1970."""

    visitor_id: str
    query: str
    product_id: str
    query_seconds: float
    click_seconds: float

    @property
    def day(self) -> date:
        """The day of the search, in UTC."""
        return datetime.fromtimestamp(self.query_seconds, UTC).date()


def read_clicks(path: Path) -> list[Click]:
    """All clicks of a file, plain or gzipped, in the order of their searches."""
    return sorted(_rows(path), key=lambda click: (click.query_seconds, click.click_seconds))


def _rows(path: Path) -> Iterator[Click]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            asked = _seconds(row["query_time"])
            clicked = max(asked, _seconds(row["click_time"]))
            yield Click(row["user"], row["query"], row["sku"], asked, clicked)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
