"""Offers corrections that are not sure ("did you mean"). They are not searched.

A word is offered as another one if

* few products have it and far more have a near word, which the other words of the query go with,
  as long as it is neither a word that the encoder knows nor of a brand;
* no product has it, and it was not corrected: the encoder knows it, or no product has its
  correction and another word of the query, or its correction brings only a few more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from services.retrieval.spelling import WORD, Spelling, is_correctable
from shared.caller import PATIENT, Caller
from shared.live.live_products import Products
from shared.snapshot.lexical_document import JOINED, ROW, TEXT
from shared.text.letters import fold
from shared.text.words import words

_FEW = 3  # products with a word that may be another one
_FAR_MORE = 10  # times as many products
_SURE = 2  # products with the correction of a word that the encoder knows
_MOST_LOOKED_UP = 5  # words of a query


@dataclass(frozen=True)
class Suggestions:
    """Offers queries over one state of a catalogue."""

    spelling: Spelling
    products: Products

    def of(self, query: str, caller: Caller = PATIENT, kept: Collection[str] = ()) -> str:
        """The query that may have been meant by one whose spelling was corrected; empty if none.

        Folded words that are `kept` stay. Raises CallerLeft.
        """
        offered = dict(self._offered(WORD.findall(query), caller, kept))
        return WORD.sub(lambda word: offered.get(word[0], word[0]), query) if offered else ""

    def _offered(
        self, typed: Sequence[str], caller: Caller, kept: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        rare = [word for word in dict.fromkeys(typed) if self._is_rare(word) and fold(word) not in kept]
        for word in rare[:_MOST_LOOKED_UP]:
            caller.check()
            others = [each for each in typed if each != word and self.spelling.is_known(each)]
            if self.spelling.holds(word):
                other = self._more_frequent(word, others)
            else:
                place = typed.index(word)
                other = self._correction(word, others, typed[max(0, place - 1) : place + 2])
            if other:
                yield word, other

    def _is_rare(self, word: str) -> bool:
        """Whether a word may be another one, and few products have it.

        Products that were removed since the snapshot count.
        """
        if not is_correctable(word):
            return False
        index = self.spelling.index
        frequency = index.searcher.doc_freq
        return all(frequency(field, term) <= _FEW for term in index.words(word) for field in (TEXT, JOINED))

    def _more_frequent(self, word: str, others: Sequence[str]) -> str | None:
        """The word that far more products have, also together with the others."""
        if fold(word) in self.spelling.encoder_words:
            return None
        found = self.spelling.near.most_frequent(fold(word))
        if found is None or found[1] < _FAR_MORE or self._is_same(word, found[0]):
            return None
        own, far = (self._found(each, others) for each in (word, found[0]))
        return found[0] if far >= _FAR_MORE * max(own, 1) and not self._is_of_brand(word) else None

    def _correction(self, word: str, others: Sequence[str], around: Sequence[str]) -> str | None:
        """The correction of a word that no product has."""
        if self.spelling.is_known(word) or self.spelling.is_joined(around):
            return None
        folded = fold(word)
        other = self.spelling.near.nearest(folded) or self.spelling.in_one(folded)
        least = _SURE if folded in self.spelling.encoder_words else 0
        if otherwise := self.spelling.found_otherwise(folded):
            least = max(least, otherwise + 1)
        return other if other and (not least or self._found(other, others) >= least) else None

    def _found(self, word: str, others: Sequence[str]) -> int:
        """How many products have a word, together with one of the others if there are any."""
        spelling = self.spelling
        return spelling.count(spelling.with_one_of(word, others) or spelling.holding(word))

    def _is_same(self, word: str, other: str) -> bool:
        """Whether two words have a stem in common."""
        index = self.spelling.index
        return not set(index.words(word)).isdisjoint(index.words(other))

    def _is_of_brand(self, word: str) -> bool:
        """Whether some product has a word in its brand. Few products have the word."""
        searcher = self.spelling.index.searcher
        hits = searcher.search(self.spelling.holding(word), _FAR_MORE, count=False).hits
        rows = searcher.fast_field_values(ROW, [address for _, address in hits])
        brands = (brand for row in rows for brand in self.products.product(row).brands)
        return any(fold(word) in words(brand) for brand in brands)
