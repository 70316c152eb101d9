"""The lexical leg: products that share words with the query, best first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.retrieval.compounds import Compounds
from services.retrieval.lexical_query import QueryParser
from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.query_terms import QueryTerms
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, MEASURE, lacking_term

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

_REMEMBERED = 256  # queries, which come again for their facets and next pages


class LexicalLeg:
    """One opened index of `row_count` rows."""

    def __init__(self, index: LexicalIndex, row_count: int, compounds: Compounds | None = None) -> None:
        """`compounds` are those of the index, if they are known: they are made of all its words."""
        self.index = index
        self.row_count = row_count
        self.compounds = compounds or Compounds(index.vocabulary.all, index.analysis.languages)
        self._parser = QueryParser(index, self.compounds)
        self._parsed = lru_cache(_REMEMBERED)(self._parser.parse)

    def search(
        self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS
    ) -> LexicalSearch:
        """Begin a search for a clean query, which has no syntax.

        Its words are those of the catalogue's languages, or of some of them.
        """
        return LexicalSearch(self.index, self.row_count, self._parsed(text, tuple(languages), synonyms))

    def terms(self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS) -> QueryTerms:
        """The terms of a clean query that mark words of products; see `search`."""
        return self._parser.terms(text, languages, synonyms)

    def holding_each(
        self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS
    ) -> list[tuple[str, Mask]]:
        """The words of a clean query that count, folded, and which rows (n,) hold each.

        Parameters are as for `search`.
        """
        single = self._parser.single(text, languages, synonyms)
        found = LexicalSearch(self.index, self.row_count, self._parser.parse(""))
        return [(word, found.rows_of(query)) for word, query in single]

    def is_affirmed(self, word: str) -> bool:
        """Whether some product has an attribute of that name that is true."""
        return any(self.index.holds(MEASURE, term) for term in self.index.words(word))

    def says_without(self, word: str, query: str) -> bool:
        """Whether some product that holds a clean query says that it is without a word."""
        if not self._is_lacked(word):
            return False
        search = self.search(query)
        return bool((search.matching() & search.lacking(word)).any())

    def has_instead(self, lacked: str, word: str, query: str) -> bool:
        """Whether some product that holds a clean query says that it is without one word and has
        another, which no product says it is without.
        """
        if not self._is_lacked(lacked) or self._is_lacked(word):
            return False
        search = self.search(query)
        return bool((search.matching() & search.lacking(lacked) & search.holding(word)).any())

    def _is_lacked(self, word: str) -> bool:
        """Whether some product says that it is without a word."""
        return any(self.index.holds(JOINED, lacking_term(term)) for term in self.index.words(word))
