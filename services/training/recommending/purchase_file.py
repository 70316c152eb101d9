"""Purchases from a file: tab-separated user, basket, time, product_id, quantity, price."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from services.training.recommending.interactions import PURCHASE, Interactions, NamedInteractions
from shared.errors import InvalidRequest

_COLUMNS = ("user", "basket", "time", "product_id")  # quantity and price may be missing


@dataclass
class Basket:
    """The products that a customer bought together."""

    basket_id: str
    user: str
    seconds: float  # since 1970
    lines: dict[str, tuple[int, float]] = field(default_factory=dict)  # product id -> quantity, price

    @property
    def product_ids(self) -> list[str]:
        """The products of the basket."""
        return list(self.lines)


def read_baskets(path: Path) -> list[Basket]:
    """All baskets of known customers in a file, plain or gzipped, ordered by time.

    Times without a zone are UTC; a missing price is nan. Raises InvalidRequest naming the file, the
    line and the remedy.
    """
    found: dict[str, Basket] = {}
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
            remedy = "the first line names the columns, separated by tabs"
            raise InvalidRequest(str(path), f"has no column {', '.join(missing)}; {remedy}")
        for row in filter(lambda row: row["user"], rows):
            try:
                _add(found, row)
            except (ValueError, TypeError) as error:
                remedy = "time is ISO 8601, quantity a whole number, price a number"
                raise InvalidRequest(f"{path}, line {rows.line_num}", f"{error}; {remedy}") from None
    return sorted(found.values(), key=lambda basket: (basket.seconds, basket.basket_id))


def _add(found: dict[str, Basket], row: Mapping[str, str]) -> None:
    time = datetime.fromisoformat(row["time"])
    seconds = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    basket = found.setdefault(row["basket"], Basket(row["basket"], row["user"], seconds))
    quantity = basket.lines.get(row["product_id"], (0, 0.0))[0] + int(row.get("quantity") or 1)
    basket.lines[row["product_id"]] = quantity, float(row.get("price") or "nan")


def interactions_of(baskets: Sequence[Basket]) -> Interactions:
    """The lines of baskets, in the form in which the trainer reads them from the tables."""
    lines = [(basket, product, price) for basket in baskets for product, (_, price) in basket.lines.items()]
    return NamedInteractions(
        [basket.user for basket, _, _ in lines],
        [basket.basket_id for basket, _, _ in lines],
        np.full(len(lines), PURCHASE, np.int8),
        [product for _, product, _ in lines],
        np.array([basket.seconds for basket, _, _ in lines], np.float64),
        np.array([price for _, _, price in lines], np.float32),
    ).coded()
