"""Reads the tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from services.feedback.join.paths import IMPRESSIONS, INTERACTIONS, days_in, file_of_day, queries_file
from shared.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa


class Tables:
    """The tables of a folder, which another process may be writing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def days(self) -> list[date]:
        """The days that have a table of impressions, oldest first."""
        return days_in(self._root)

    def interaction_days(self) -> list[date]:
        """The days that have a table of interactions, oldest first."""
        return days_in(self._root, INTERACTIONS)

    def size_bytes(self, day: date, table: str = IMPRESSIONS) -> int:
        """The size of a day's table, in bytes."""
        return self._path(day, table).stat().st_size

    def fingerprint(self, table: str = IMPRESSIONS) -> str:
        """A text that changes with each export of the table; empty if the table has no days."""
        newest = [(day, self._path(day, table).stat()) for day in days_in(self._root, table)[-8:]]
        return " ".join(f"{day}:{found.st_size}:{found.st_mtime_ns}" for day, found in newest)

    def row_count(self, day: date, table: str = IMPRESSIONS) -> int:
        """How many rows the table of a day has."""
        from pyarrow import parquet

        return int(parquet.read_metadata(self._path(day, table)).num_rows)

    def visitor_count(self, day: date) -> int:
        """How many visitors interacted on a day."""
        import pyarrow.compute as compute

        visitors = self.interactions(day, day, ["visitor_id"])["visitor_id"]
        return int(compute.count_distinct(visitors).as_py())

    def read(self, first_day: date, last_day: date, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of all days from the first to the last, in order; those of a day by time.

        A feature that a day does not have is null in its rows. Without `columns`, all columns that
        any of the days has. Raises NotFound if none of the days has a column.
        """
        import pyarrow as pa

        days = [day for day in self.days() if first_day <= day <= last_day]
        tables = [self._read(self._path(day), columns) for day in days]
        found = pa.concat_tables(tables or [_empty()], promote_options="default")
        return found if columns is None else found.select(_known(columns, found.schema.names))

    def interactions(self, first_day: date, last_day: date, columns: Sequence[str] | None = None) -> pa.Table:
        """The interactions of all days from the first to the last, one row per line of each event.

        Ordered by day, and within a day by time, visitor, event and line. Raises NotFound for an
        unknown column.
        """
        import pyarrow as pa

        from services.feedback.join.columns import INTERACTIONS as SCHEMA

        names = SCHEMA.names if columns is None else _known(columns, SCHEMA.names)
        days = [day for day in self.interaction_days() if first_day <= day <= last_day]
        tables = [self._read(self._path(day, INTERACTIONS), names) for day in days]
        return pa.concat_tables([*tables, SCHEMA.empty_table().select(names)]).select(names)

    def queries(self) -> pa.Table:
        """query_hash, text (null: fewer than `least_visitors` typed it) and visitors."""
        from pyarrow import parquet

        from services.feedback.join.columns import QUERIES

        path = queries_file(self._root)
        return parquet.read_table(path) if path.is_file() else QUERIES.empty_table()

    def _read(self, path: Path, columns: Sequence[str] | None) -> pa.Table:
        from pyarrow import parquet

        file = parquet.ParquetFile(path)
        names = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
        return file.read(columns=names)

    def _path(self, day: date, table: str = IMPRESSIONS) -> Path:
        return file_of_day(self._root, day.isoformat(), table)


def _empty() -> pa.Table:
    from services.feedback.join.columns import schema

    return schema(()).empty_table()


def _known(columns: Sequence[str], names: Iterable[str]) -> list[str]:
    known = set(names)
    if unknown := [name for name in columns if name not in known]:
        raise NotFound(
            f"none of these days has the columns {', '.join(unknown)}; docs/tables.md lists their names"
        )
    return list(columns)
