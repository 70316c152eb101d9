"""The source of the products of an indexing run."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Protocol

from services.embedding.indexing.progress import IndexProgress
from shared.catalog.product import Product


class CatalogSource(Protocol):
    """A catalogue that is read once, such as a file, and the outcome of its rows."""

    @property
    def path(self) -> Path: ...

    @property
    def rejected_ids(self) -> Collection[str]:
        """Ids of the rejected rows."""

    @property
    def unreadable(self) -> int:
        """The number of rows that could not be read, so that their ids are unknown."""

    def products(self, progress: IndexProgress | None = None) -> Iterator[Product]:
        """The valid products. Raises InvalidRequest at the end of a source without any."""

    def report(self) -> dict[str, Any]:
        """The account of the reading that `--json` prints."""
