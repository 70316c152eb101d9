"""What the reranker reads of one index generation."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from services.reranker.states import Rows, TokenStates
from shared.errors import Corrupt
from shared.snapshot.columns import Columns


class Products(Protocol):
    """The products of a snapshot by row."""

    def __len__(self) -> int: ...

    def row(self, product_id: str) -> int | None:
        """Where a product is; None when the snapshot does not have it."""

    def product_id(self, row: int) -> str:
        """Its id."""


@dataclass(frozen=True)
class RerankerSnapshot:
    """An opened snapshot of n products; everything is memory-mapped. Raises Corrupt when its parts do not fit."""

    version: str
    states: TokenStates
    vectors: NDArray[np.floating]  # (n, dim), unit norm
    columns: Columns
    products: Products

    def __post_init__(self) -> None:
        counts = {len(self.states), len(self.vectors), self.columns.row_count, len(self.products)}
        if len(counts) > 1:
            raise Corrupt(f"snapshot {self.version}: its parts count {sorted(counts)} products; index again")

    def __len__(self) -> int:
        return len(self.states)

    def column(self, name: str, rows: Rows) -> Matrix:
        """A numeric column at `rows`; nan where a product has no value."""
        values = self.columns.dense(name)
        return np.full(len(rows), np.nan, np.float32) if values is None else np.asarray(values)[rows].astype(np.float32)
