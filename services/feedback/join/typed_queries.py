"""The texts of queries, kept only once enough visitors typed them."""

import hashlib

from services.feedback.join.staging import Staging

_HASH_BYTES = 8


class TypedQueries:
    """Counts the visitors of each query, by hash, until there are enough. Then keeps its text.

    A page without a visitor does not count. A query that was not typed for `keep_days` is
    forgotten.
    """

    def __init__(self, staging: Staging, least_visitors: int, keep_days: int) -> None:
        self._staging = staging
        self._least_visitors = least_visitors
        self._keep_days = keep_days

    def take(self, query_hash: int, text: str, visitor_id: str, day: int) -> bool:
        """Count a visitor of a query; call it in a transaction.

        Returns whether a row has changed.
        """
        known = self._staging.rows(
            "SELECT visitors, last_day, text IS NOT NULL FROM queries WHERE hash = ?", query_hash
        ).fetchone()
        visitors, last_day, has_text = known or (0, day, False)
        is_old = day - last_day > self._keep_days
        if is_old:
            self._staging.rows("DELETE FROM query_visitors WHERE hash = ?", query_hash)
            visitors, has_text = 0, False
        is_new = not has_text and bool(visitor_id) and self._is_new(query_hash, visitor_id)
        if known and not is_old and not is_new and day <= last_day:
            return False
        self._write(query_hash, visitors + is_new, max(day, last_day), text, has_text)
        return True

    def _is_new(self, query_hash: int, visitor_id: str) -> bool:
        visitor = hashlib.blake2b(visitor_id.encode(), digest_size=_HASH_BYTES).digest()
        insert = "INSERT OR IGNORE INTO query_visitors VALUES (?, ?)"
        return self._staging.rows(insert, query_hash, visitor).rowcount > 0

    def _write(self, query_hash: int, visitors: int, day: int, text: str, has_text: bool) -> None:
        is_enough = visitors >= self._least_visitors
        if is_enough and not has_text:
            self._staging.rows("DELETE FROM query_visitors WHERE hash = ?", query_hash)
        kept = text if is_enough else None
        self._staging.rows("REPLACE INTO queries VALUES (?, ?, ?, ?)", query_hash, visitors, day, kept)
