"""Writes the changed tables as Parquet: those of a day, and the queries."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from services.feedback.join import columns
from services.feedback.join.attribution import (
    COUNTED,
    TOO_ACTIVE,
    Attribution,
    AttributionWindows,
    Counts,
    Logged,
    Seen,
    day_of,
)
from services.feedback.join.config import JoinConfig
from services.feedback.join.interaction_rows import InteractionRows
from services.feedback.join.joiner import QUERIES, day_named, name_of
from services.feedback.join.observed import Interaction, Line
from services.feedback.join.packing import unpack
from services.feedback.join.paths import INTERACTIONS, WRITING, file_of_day, queries_file
from services.feedback.join.staging import Staging
from shared import owner_only
from shared.artifacts import full_disk_named, sync

_GROUP_ROWS = 65_536  # a row group ends with the page that reaches this number
_LINES_AT_ONCE = 4_096
_QUERIES_AT_ONCE = 65_536
_COMPRESSION = "zstd"
_NO_COUNTS: Mapping[str, Counts] = {}


class Exporter:
    """Writes the files of a folder from staging. The same records make the same bytes."""

    def __init__(
        self, root: Path, staging: Staging, config: JoinConfig, pause: Callable[[], None] = lambda: None
    ) -> None:
        self._root = root
        self._staging = staging
        self._config = config
        self._windows = AttributionWindows.of(config)
        self._rows = InteractionRows(staging, self._windows)
        self._pause = pause

    def export(self) -> list[str]:
        """Write all changed files, oldest day first. Returns their names."""
        find = "SELECT name, changed FROM files WHERE changed > exported ORDER BY name"
        changed = self._staging.rows(find).fetchall()
        for name, change in changed:
            counts = self._write(name)
            with self._staging.transaction():
                self._staging.rows("UPDATE files SET exported = ? WHERE name = ?", change, name)
                self._write_counts(name, counts)
        return [name for name, _ in changed]

    def _write(self, name: str) -> Mapping[str, int]:
        """Write a file by its name in staging. Returns the line counts to record, by reason."""
        if name == QUERIES:
            return self._write_queries()
        table, _, day = name.partition("/")
        write = self._write_interactions if table == INTERACTIONS else self._write_impressions
        return write(day_named(day))

    def _write_counts(self, name: str, counts: Mapping[str, int]) -> None:
        self._staging.rows("DELETE FROM day_counts WHERE day = ?", name)
        for reason, count in counts.items():
            self._staging.rows("INSERT INTO day_counts VALUES (?, ?, ?)", name, reason, count)

    def _write_queries(self) -> Mapping[str, int]:
        rows = self._staging.rows("SELECT hash, text, visitors FROM queries ORDER BY hash")
        with self._writer(queries_file(self._root), columns.QUERIES, ["text"]) as writer:
            while batch := rows.fetchmany(_QUERIES_AT_ONCE):
                hashes, texts, visitors = zip(*batch, strict=True)
                writer.write_table(pa.table([hashes, texts, visitors], schema=columns.QUERIES))
                self._pause()
        return {}

    def _write_interactions(self, day: int) -> Mapping[str, int]:
        visitors = [visitor_id for visitor_id, _ in self._too_active(day, day)]
        too_active = pa.array(visitors, pa.string())
        rows = self._rows.of_day(day)
        path = file_of_day(self._root, name_of(day), INTERACTIONS)
        group: list[pa.RecordBatch] = []
        with self._writer(path, columns.INTERACTIONS, columns.INTERACTIONS_TEXTS) as writer:
            while batch := rows.fetchmany(_LINES_AT_ONCE):
                group.append(columns.interactions(batch, too_active))
                if len(group) == _GROUP_ROWS // _LINES_AT_ONCE:
                    writer.write_table(pa.Table.from_batches(group), row_group_size=_GROUP_ROWS)
                    group.clear()
                self._pause()
            if group:
                writer.write_table(pa.Table.from_batches(group), row_group_size=_GROUP_ROWS)
        return {}

    def _write_impressions(self, day: int) -> Mapping[str, int]:
        """Returns the number of interaction lines by the reason why not counted, or COUNTED."""
        names_of = self._feature_names(day)
        names = sorted({name for each in names_of.values() for name in each})
        group = columns.RowGroup(names, names_of)
        reasons: Counter[str] = Counter()
        path = file_of_day(self._root, name_of(day))
        with self._writer(path, columns.schema(names), columns.texts(names)) as writer:
            for page, counts, left_out in self._pages(day, reasons):
                group.add(page, counts, left_out)
                if group.row_count >= _GROUP_ROWS:
                    writer.write_table(group.table(), row_group_size=group.row_count)
                    group.clear()
                self._pause()
            if group.row_count:
                writer.write_table(group.table(), row_group_size=group.row_count)
        return reasons

    def _feature_names(self, day: int) -> dict[int, list[str]]:
        rows = self._staging.rows(
            "SELECT id, names FROM feature_names WHERE id IN (SELECT names_id FROM pages WHERE day = ?)", day
        )
        return {names_id: json.loads(names) for names_id, names in rows}

    def _pages(
        self, day: int, reasons: Counter[str]
    ) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Counts], str]]:
        """The staged pages of a day in order, with their counts, and why left out."""
        # All days that interactions with these pages may fall on
        too_active = self._too_active(day - 1, day + self._config.purchase_days + 1)
        select = f"SELECT {columns.STAGED} FROM pages WHERE day = ? ORDER BY at_us, query_id, first"
        for page in self._staging.rows(select, day):
            query_id, visitor_id, at_us, first = page[0], page[2], page[6], page[-2]
            left_out = TOO_ACTIVE if (visitor_id, day_of(at_us)) in too_active else COUNTED
            interactions = self._interactions(query_id)
            if not interactions:
                yield page, _NO_COUNTS, left_out
                continue
            pages = self._pages_of(query_id)
            attribution = Attribution(pages, self._windows, too_active)
            attribution.take(interactions)
            index = next(place for place, each in enumerate(pages) if each.first == first)
            if index == 0:  # once for all pages of a search
                reasons.update(attribution.reasons)
            of_page = {name: each for (at, name), each in attribution.counts.items() if at == index}
            yield page, of_page, left_out

    def _too_active(self, first: int, last: int) -> set[tuple[str, int]]:
        """(visitor, day) pairs with too many interactions, from the first to the last day."""
        rows = self._staging.rows(
            "SELECT visitor_id, day FROM visitor_days WHERE day BETWEEN ? AND ? AND count > ?",
            *(first, last, self._config.max_daily_interactions),
        )
        return set(rows)

    def _interactions(self, query_id: str) -> list[Logged]:
        rows = self._staging.rows(
            "SELECT visitor_id, event_id, action, at_us, lines, logged_us FROM interactions"
            " WHERE query_id = ?",
            query_id,
        )
        return [
            Logged(
                Interaction(query_id, visitor_id, event_id, action, at_us, _lines(lines)),
                logged_us,
            )
            for visitor_id, event_id, action, at_us, lines, logged_us in rows
        ]

    def _pages_of(self, query_id: str) -> list[Seen]:
        """All pages of a search."""
        rows = self._staging.rows(
            "SELECT at_us, first, visitor_id, body FROM pages WHERE query_id = ? ORDER BY at_us, first",
            query_id,
        )
        return [
            Seen(at_us, first, visitor_id, frozenset(unpack(body).product_ids))
            for at_us, first, visitor_id, body in rows
        ]

    @contextmanager
    def _writer(self, path: Path, schema: pa.Schema, texts: list[str]) -> Iterator[parquet.ParquetWriter]:
        """Write a file that replaces `path` at the end of the block.

        On an error `path` is unchanged.
        """
        owner_only.folder(path.parent)
        staged = self._root / WRITING
        staged.unlink(missing_ok=True)
        owner_only.file(staged)
        with full_disk_named(self._root):
            with parquet.ParquetWriter(
                staged, schema, compression=_COMPRESSION, use_dictionary=texts
            ) as writer:
                yield writer
            sync(staged)
            os.replace(staged, path)
            sync(path.parent)


def _lines(text: str) -> tuple[Line, ...]:
    return tuple(Line(*line) for line in json.loads(text))
