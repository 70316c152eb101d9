"""Queries as shoppers type them, made from a catalogue's own fields and words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.catalog.product import Product

_WORD = re.compile(r"[^\W_]+(?:['.+/-][^\W_]+)*+")
# No phrase begins or ends with one of these
_STOP_WORDS = frozenset((
    "a", "all", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "inch", "is", "it", "new",
    "no", "of", "on", "or", "pack", "pcs", "set", "size", "that", "the", "this", "to", "with", "you", "your",
))  # fmt: skip
_LONGEST_PHRASE = 3
_LEAST_PRODUCTS = 3  # a phrase that fewer titles have is rarely typed
_MOST_WORDS = 5
_MISSPELT_SHARE = 0.06
_SHORTENED_SHARE = 0.04
_SHORTEST_MISSPELT = 5
_TRIES = 20  # for each query wanted, since many are made twice
_LONGEST_VALUE = 20  # characters of an attribute's value that somebody types

# How often each kind is made, and how many words its phrase has
_KINDS = {"type": 0.55, "brand": 0.15, "attribute": 0.12, "model": 0.05, "words": 0.13}
_TYPE_WORDS = (1, 2, 2, 3)
_SHORT_TYPE_WORDS = (1, 2)
_TITLE_WORDS = (2, 3, 3, 4)

Words = list[str]


@dataclass(frozen=True, slots=True)
class PseudoQuery:
    """A query, the row of the product that it was made from, and its kind, a name in _KINDS."""

    text: str
    row: int
    kind: str


def make_pseudo_queries(products: Sequence[Product], count: int, seed: int) -> list[PseudoQuery]:
    """At most `count` distinct queries of all kinds, in random order. The same seed makes the same."""
    return _Maker(products, np.random.default_rng(seed)).make(count)


def words_of(text: str) -> Words:
    """The words of a text in order, lower case."""
    return _WORD.findall(text.lower())


class _Maker:
    """Makes queries from random products."""

    def __init__(self, products: Sequence[Product], chance: np.random.Generator) -> None:
        self._products = products
        self._chance = chance
        self._titles = [words_of(product.title) for product in products]

    def make(self, count: int) -> list[PseudoQuery]:
        """See make_pseudo_queries."""
        made: dict[str, PseudoQuery] = {}
        names, shares = list(_KINDS), list(_KINDS.values())
        for _ in range(count * _TRIES if self._products else 0):
            if len(made) == count:
                break
            row = int(self._chance.integers(len(self._products)))
            kind = str(self._chance.choice(names, p=shares))
            words = self._makers[kind](row)
            if 0 < len(words) <= _MOST_WORDS:
                text = " ".join(self._typed(words))
                made.setdefault(text, PseudoQuery(text, row, kind))
        return list(made.values())

    @property
    def _makers(self) -> dict[str, Callable[[int], Words]]:
        return {
            "type": lambda row: self._phrase(row, _TYPE_WORDS),
            "brand": self._brand_and_type,
            "attribute": self._attribute_and_type,
            "model": self._model,
            "words": self._some_words,
        }

    @cached_property
    def _frequencies(self) -> Counter[tuple[str, ...]]:
        """How many titles have each phrase."""
        counts: Counter[tuple[str, ...]] = Counter()
        for title in self._titles:
            counts.update({phrase for n in range(1, _LONGEST_PHRASE + 1) for phrase in _phrases(title, n)})
        return counts

    def _phrase(self, row: int, lengths: Sequence[int]) -> Words:
        """The end of the category, or a phrase that other titles have too, common ones more often."""
        product = self._products[row]
        if product.categories and self._chance.random() < 1 / 2:
            return words_of(product.categories[0].split(">")[-1])
        wanted = int(self._chance.choice(lengths))
        brand = {word for each in product.brands for word in words_of(each)}
        for length in dict.fromkeys((wanted, wanted - 1, wanted + 1, 1)):
            known = [
                each
                for each in _phrases(self._titles[row], length)
                if self._frequencies[each] >= _LEAST_PRODUCTS and not brand.intersection(each)
            ]
            if known:
                weights = np.sqrt([self._frequencies[each] for each in known])
                return list(known[self._chance.choice(len(known), p=weights / weights.sum())])
        return []

    def _brand_and_type(self, row: int) -> Words:
        brands = self._products[row].brands
        phrase = self._phrase(row, _SHORT_TYPE_WORDS)
        return [*words_of(brands[0])[:2], *phrase] if brands and phrase else []

    def _attribute_and_type(self, row: int) -> Words:
        values = [
            value
            for found in self._products[row].attributes.values()
            for value in found
            if isinstance(value, str) and 1 < len(value) <= _LONGEST_VALUE
        ]
        phrase = self._phrase(row, _SHORT_TYPE_WORDS)
        if not values or not phrase:
            return []
        value = words_of(str(self._chance.choice(values)))[:2]
        return [*value, *(word for word in phrase if word not in value)]

    def _model(self, row: int) -> Words:
        """A word of the title, or the number of the product, that has letters and digits."""
        words = [*self._titles[row], *words_of(self._products[row].sku)[:1]]
        named = [word for word in words if _is_model(word)]
        return [str(self._chance.choice(named))] if named else []

    def _some_words(self, row: int) -> Words:
        words = [word for word in self._titles[row] if word not in _STOP_WORDS and len(word) > 1]
        if len(words) < 2:
            return []
        count = min(int(self._chance.choice(_TITLE_WORDS)), len(words))
        places = np.sort(self._chance.choice(len(words), count, replace=False))
        return [words[place] for place in places]

    def _typed(self, words: Words) -> Words:
        """The words, of some queries one misspelt, of others the last one cut short."""
        chance = self._chance.random()
        if chance < _MISSPELT_SHARE:
            long = [place for place, word in enumerate(words) if _may_be_misspelt(word)]
            if long:
                place = int(self._chance.choice(long))
                return [*words[:place], self._misspelt(words[place]), *words[place + 1 :]]
        elif chance < _MISSPELT_SHARE + _SHORTENED_SHARE and _may_be_misspelt(words[-1]):
            return [*words[:-1], words[-1][: int(self._chance.integers(4, len(words[-1])))]]
        return words

    def _misspelt(self, word: str) -> str:
        """The word with a letter left out, doubled, or swapped with the next."""
        place = int(self._chance.integers(1, len(word) - 1))
        before, letter, after = word[:place], word[place], word[place + 1 :]
        swapped = before + after[0] + letter + after[1:]
        return str(self._chance.choice([before + after, before + letter + letter + after, swapped]))


def _phrases(title: Words, length: int) -> Iterable[tuple[str, ...]]:
    """The phrases of a title that could name what it is."""
    if length < 1:
        return
    for start in range(len(title) - length + 1):
        phrase = tuple(title[start : start + length])
        ends = (phrase[0], phrase[-1])
        if not _STOP_WORDS.intersection(ends) and len(phrase[-1]) > 1 and not any(map(_has_digit, phrase)):
            yield phrase


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _is_model(word: str) -> bool:
    return len(word) >= 4 and _has_digit(word) and any(letter.isalpha() for letter in word)


def _may_be_misspelt(word: str) -> bool:
    return len(word) >= _SHORTEST_MISSPELT and word.isalpha()
