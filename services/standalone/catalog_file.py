"""A catalogue file being read: its valid products, and what became of the other rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from shared.catalog.product import Product
from shared.catalog.rows import RowRejection, read_rows
from shared.errors import InvalidRequest

LISTED_REJECTIONS = 1000


class ReadProgress(Protocol):
    """Told how far reading has come, in bytes of the file."""

    def read(self, done: int, total: int, /) -> None: ...


@dataclass
class CatalogFile:
    """A catalogue file being read; counts its rows and keeps the first rejections."""

    path: Path
    rows: int = 0
    rejected: int = 0
    rejections: list[RowRejection] = field(default_factory=list)

    def products(self, progress: ReadProgress) -> Iterator[Product]:
        """The valid products. Raises InvalidRequest at the end of a file that holds none."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        for row in read_rows(self.path):
            self.rows += 1
            if isinstance(row.outcome, Product):
                yield row.outcome
            else:
                self._reject(row.outcome)
            progress.read(min(row.bytes_read, size), size)
        if self.rows == self.rejected:
            raise InvalidRequest(str(self.path), self._nothing())

    def _reject(self, rejection: RowRejection) -> None:
        self.rejected += 1
        if len(self.rejections) < LISTED_REJECTIONS:
            self.rejections.append(rejection)

    def _nothing(self) -> str:
        if not self.rejections:
            return "is empty; nothing was changed"
        first = self.rejections[0]
        return f"holds no valid product; nothing was changed (line {first.line}: {first.field}: {first.reason})"
