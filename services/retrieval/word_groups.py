"""For each word of a query, the queries that stand for it."""

from __future__ import annotations

from collections.abc import Container, Sequence

from tantivy import Occur, Query


class WordGroups:
    """A product holds a word of the query if one of the word's group finds it."""

    def __init__(self) -> None:
        self.scored: list[Query] = []
        self._groups: dict[str, list[Query]] = {}

    def __contains__(self, word: str) -> bool:
        return word in self._groups

    def add(self, words: Sequence[str], query: Query) -> None:
        """A query that finds and scores products that hold these words."""
        self.scored.append(query)
        self.stand_for(words, query)

    def stand_for(self, words: Sequence[str], query: Query) -> None:
        """A query that finds products that hold these words, and does not score them."""
        for word in words:
            self._groups.setdefault(word, []).append(query)

    def required(self, function_words: Container[str]) -> list[Query]:
        """One query for each word that a match may need: all but function words, if there are others."""
        needed = [queries for word, queries in self._groups.items() if word not in function_words]
        return [_any_of(queries) for queries in needed or self._groups.values()]


def _any_of(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])
