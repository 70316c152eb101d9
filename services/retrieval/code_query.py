"""The codes in a query: stock-keeping units, trade numbers and model numbers, whole or in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tantivy import Query

from services.retrieval.word_groups import WordGroups
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import CODE, IDENTIFIER, JOINED, TEXT
from shared.text.codes import compact, is_code, uncut, without_label

# Above the scores of words, so that the product with exactly this number is first
IDENTIFIER_SCORE = 30.0
BEGUN_SCORE = 20.0
PART_SCORE = 12.0
UNSURE_IDENTIFIER_SCORE = 1.0
_LONGEST_RUN = 4  # words that may be one code
_SHORTEST_NEARLY = 6  # characters of a code that lacks its end
_MOST_LACKING = 2
_SEPARATORS = frozenset("-./_")


@dataclass
class CodeQuery:
    """What the codes of one query find."""

    scored: list[Query] = field(default_factory=list)
    # A product that one of these finds is a match
    matching: list[Query] = field(default_factory=list)
    first: list[Query] = field(default_factory=list)  # whole codes
    is_all: bool = False  # the query is one code
    begins: bool = False  # the query is the beginning, or a part, of one
    codes: set[str] = field(default_factory=set)  # of the query, that products have
    # With which codes of products begin, or parts of them
    begun: set[str] = field(default_factory=set)
    # A word, and the codes it is part of
    _parts: list[tuple[str, Query]] = field(default_factory=list)

    @classmethod
    def of(cls, index: LexicalIndex, text: str) -> CodeQuery:
        """The codes in a clean query."""
        query = cls()
        typed = without_label(text).split()
        whole = compact("".join(typed))
        query._identifiers(index, typed, whole)
        if not query.first:
            query._begun(index, typed, whole)
        if not index.holds(IDENTIFIER, whole):
            query._nearly_whole(index, whole)
        return query

    def join(self, groups: WordGroups) -> None:
        """Let the codes stand for the words of the query that are parts of them."""
        for word, query in self._parts:
            groups.stand_for((word,), query)

    def _identifiers(self, index: LexicalIndex, typed: list[str], whole: str) -> None:
        for code in dict.fromkeys([whole, *_runs(typed)]):
            if not index.holds(IDENTIFIER, code):
                continue
            query = Query.term_query(index.schema, IDENTIFIER, code, "basic")
            sure = is_code(code) or (
                code == whole and len(typed) == 1 and not _SEPARATORS.isdisjoint(typed[0])
            )
            self.codes.add(code)
            self._found(query, IDENTIFIER_SCORE if sure else UNSURE_IDENTIFIER_SCORE)
            self.first += [query] * sure
            one_word = len(typed) == 1 or whole.isdecimal()
            self.is_all = self.is_all or (code == whole and one_word and is_code(code))

    def _begun(self, index: LexicalIndex, typed: list[str], whole: str) -> None:
        """Codes that begin as the query, or as a word of it that no product has."""
        all_typed = whole, uncut("".join(typed))
        for code in dict.fromkeys([*all_typed, *map(compact, typed), *map(uncut, typed)]):
            if not is_code(code) or index.holds(TEXT, code) or index.holds(JOINED, code):
                continue
            for name, score in ((IDENTIFIER, BEGUN_SCORE), (CODE, PART_SCORE)):
                if query := index.begins(name, code):
                    self.scored.append(Query.const_score_query(query, score))
                    self._parts.append((code, query))
                    self.begun.add(code)
                    self.matching += [query] * (code in all_typed)
                    self.begins = self.begins or (code in all_typed and len(typed) == 1)

    def _nearly_whole(self, index: LexicalIndex, whole: str) -> None:
        """Codes of which the query lacks only the last characters. They come first alone."""
        if len(whole) < _SHORTEST_NEARLY or not is_code(whole) or not whole.isalnum():
            return
        if query := index.begins(IDENTIFIER, whole, _MOST_LACKING):
            self._found(query, IDENTIFIER_SCORE)
            self.first = [query]

    def _found(self, query: Query, score: float) -> None:
        self.scored.append(Query.const_score_query(query, score))
        self.matching.append(query)


def _runs(typed: list[str]) -> Iterator[str]:
    """The words that look like codes, and the runs of numbers that together do."""
    yield from (code for word in typed if is_code(code := compact(word)))
    for length in range(2, _LONGEST_RUN + 1):
        for start in range(len(typed) - length + 1):
            run = typed[start : start + length]
            if all(word.isdecimal() for word in run) and is_code(code := compact("".join(run))):
                yield code
