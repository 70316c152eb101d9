"""For each word of a query, the queries that stand for it."""

from __future__ import annotations

from collections.abc import Container, Sequence

from tantivy import Occur, Query

from shared.text.words import is_run, spelled


class WordGroups:
    """A product holds a word of the query if one of the word's group finds it.

    It holds it strongly by its texts, weakly by an attribute's number or name alone.
    """

    def __init__(self) -> None:
        self.scored: list[Query] = []
        self.typed: list[str] = []  # the words of the query, known or not
        # Of scripts without spaces, the pairs of letters of each that may be a word
        self.stretches: list[list[str]] = []
        # Of words that name attributes, what finds products whose attribute says no
        self.denied: dict[str, list[Query]] = {}
        self._named: dict[str, list[Query]] = {}
        # Of words, what finds products that hold its parts anywhere
        self._parts: dict[str, list[Query]] = {}
        self._strong: dict[str, list[Query]] = {}
        self._groups: dict[str, list[Query]] = {}

    def __contains__(self, word: str) -> bool:
        return word in self._groups

    def add(self, words: Sequence[str], query: Query) -> None:
        """A query that finds and scores products that hold these words."""
        self.scored.append(query)
        self.stand_for(words, query)

    def add_weak(self, word: str, query: Query, strong: Sequence[Query]) -> None:
        """A query that finds products by an attribute, and scores those that `strong` does not."""
        self.scored = [each for each in self.scored if all(each is not other for other in strong)]
        self.scored.append(Query.disjunction_max_query([*strong, query]) if strong else query)
        self._groups.setdefault(word, []).append(query)

    @property
    def are_strong(self) -> bool:
        """Whether no word is held by an attribute alone."""
        return all(self._strong.get(word) == queries for word, queries in self._groups.items())

    def add_named(self, word: str, query: Query) -> None:
        """A query that finds products whose names hold the word."""
        self._named.setdefault(word, []).append(query)

    def named(self, function_words: Container[str]) -> Query | None:
        """Query for products whose names have all required words.

        None if a word is in no name.
        """
        typed = [word for word in self.typed if word not in function_words]
        if not typed or not all(word in self._named for word in typed):
            return None
        return all_of([any_of(self._named[word]) for word in typed])

    def denying(self) -> Query | None:
        """Query for products that say no to an attribute of the query; None: no product does."""
        found = [query for queries in self.denied.values() for query in queries]
        return any_of(found) if found else None

    def stand_for(self, words: Sequence[str], query: Query) -> None:
        """A query that finds products that hold these words, and does not score them."""
        for word in words:
            self._strong.setdefault(word, []).append(query)
            self._groups.setdefault(word, []).append(query)

    def stand_apart(self, word: str, query: Query) -> None:
        """A query that finds products with all parts of a word, together or not."""
        self.stand_for((word,), query)
        self._parts.setdefault(word, []).append(query)

    def _together(self, word: str) -> list[Query]:
        """The queries for a word as a whole; those for its parts only if there are no others."""
        parts = self._parts.get(word, [])
        whole = [each for each in self._groups[word] if all(each is not part for part in parts)]
        return whole or parts

    def required(self, function_words: Container[str], strong: bool) -> list[Query]:
        """One query per required word.

        Function words are required only if the query has no others. In a script without spaces, a
        match has most pairs of letters of a possible word. Empty if fewer than half of the words
        are known: then the query is about something else.
        """
        units = self._units(function_words)
        held = self._held(units, self._strong if strong else self._groups, function_words)
        known = [queries for unit, queries in held.items() if 2 * len(queries) >= len(unit)]
        if 2 * len(known) < len(units):
            return []
        return [at_least(queries, enough(len(queries))) for queries in known]

    def single(self, function_words: Container[str]) -> list[tuple[str, Query]]:
        """The words that `required` counts, each with the query for the products that hold it."""
        held = self._held(self._units(function_words), self._groups, function_words)
        return [
            (spelled(unit), at_least(found, enough(len(found))) if found else any_of([]))
            for unit, found in held.items()
        ]

    def needed(self, function_words: Container[str]) -> dict[str, tuple[str, ...]]:
        """The words that `required` counts, each with those of its parts that products have.

        The parts are the word itself, or its pairs of letters. Empty for a word that counts as
        unknown.
        """
        found = {}
        for unit in self._units(function_words):
            known = tuple(word for word in unit if word in self._groups)
            found[spelled(unit)] = known if 2 * len(known) >= len(unit) else ()
        return found

    def holding(self, parts: Sequence[str]) -> Query:
        """Query for products that hold a word with these parts."""
        return at_least([any_of(self._groups[part]) for part in parts], enough(len(parts)))

    def _units(self, function_words: Container[str]) -> list[tuple[str, ...]]:
        """The words that count, each alone, or the pairs of letters of what may be one."""
        typed = [word for word in self.typed if word not in function_words] or self.typed
        parts = [[word] for word in typed if not is_run(word)] + self.stretches
        return list(dict.fromkeys(map(tuple, parts)))

    def _held(
        self, units: Sequence[tuple[str, ...]], groups: dict[str, list[Query]], function_words: Container[str]
    ) -> dict[tuple[str, ...], list[Query]]:
        """The units and the codes of the query, each with the queries for its parts."""
        codes = [(word,) for word in groups if not (word in self.typed or word in function_words)]
        return {unit: [any_of(groups[word]) for word in unit if word in groups] for unit in (*units, *codes)}

    def numbers(self) -> Query | None:
        """Query for products with every word that has a digit.

        "rtx3080" is "RTX 3080" rather than both parts apart, if some product has it. None if there
        is no such word, or one is not in the index.
        """
        wanted = [word for word in self.typed if any(letter.isdigit() for letter in word)]
        if not wanted or not all(word in self._groups for word in wanted):
            return None
        return all_of([any_of(self._together(word)) for word in wanted])


def enough(words: int) -> int:
    """How many of a query's words a match has.

    All of one or two, otherwise two thirds, rounded up.
    """
    return words - words // 3


def at_least(queries: Sequence[Query], least: int) -> Query:
    """Query for products that match at least `least` of the queries."""
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=least
    )


def all_of(queries: Sequence[Query]) -> Query:
    """Conjunction of queries."""
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[Query]) -> Query:
    """Disjunction of queries; matches nothing without any."""
    return (
        Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()
    )
