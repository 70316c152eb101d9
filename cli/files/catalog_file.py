"""A catalogue file being read: its valid products, and the outcome of the other rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cli.files.account import LISTED, Account, RowRejection
from cli.files.naming import KNOWN
from cli.files.options import ReadOptions
from cli.files.reading import read_products
from shared.catalog.product import Product
from shared.errors import InvalidRequest

LISTED_REJECTIONS = LISTED


class ReadProgress(Protocol):
    """Receives how many bytes of the file have been read."""

    def read(self, count: int, total: int, /) -> None: ...


@dataclass
class CatalogFile:
    """A catalogue file being read; its account holds the outcome of each row."""

    path: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    account: Account = field(default_factory=Account)
    format: str = ""  # a description, set once reading has begun

    @property
    def rows(self) -> int:
        return self.account.rows

    @property
    def rejected(self) -> int:
        return self.account.rejected

    @property
    def rejections(self) -> list[RowRejection]:
        return self.account.rejections

    @property
    def rejected_ids(self) -> set[str]:
        """See CatalogSource."""
        return self.account.rejected_ids

    @property
    def unreadable(self) -> int:
        """See CatalogSource."""
        return self.account.unreadable

    def products(self, progress: ReadProgress | None = None) -> Iterator[Product]:
        """Yield the valid products. Raises InvalidRequest at the end of a file without any."""
        size = self.path.stat().st_size if self.path.is_file() else 0

        def read(count: int) -> None:
            if progress:
                progress.read(min(count, size), size)

        yield from read_products(self.path, self.options, self.account, self._found, read)
        if not self.account.accepted:
            raise InvalidRequest(str(self.path), self._nothing())

    def report(self) -> dict[str, Any]:
        """The account of the reading that `--json` prints."""
        account = self.account
        return {
            "format": self.format,
            "rows": account.rows,
            "rejected": account.rejected,
            "rejections": [asdict(each) for each in account.rejections],
            "merged": account.merged,
            "made": account.made,
            "warned": account.warned,
            "warnings": [asdict(each) for each in account.warnings],
            "unread": [asdict(each) for each in account.unread_columns(KNOWN)],
            "unread_more": account.unread_more,
        }

    def _found(self, title: str) -> None:
        self.format = title

    def _nothing(self) -> str:
        if not self.rejections:
            empty = "has a header and no rows" if self.account.columns else "is empty"
            return f"{empty}; nothing was changed"
        first = self.rejections[0]
        unread = ", ".join(repr(each) for each in list(self.account.unread)[:10])
        named = f"; columns not read: {unread}; --map THEIRS=OURS names one" if unread else ""
        read_as = f", read as {self.format}" if self.format else ""
        where = f"(line {first.line}: {first.field}: {first.reason}){named}"
        return f"holds no valid product{read_as}; nothing was changed {where}"
