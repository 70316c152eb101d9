"""Which languages of a catalogue the encoder knows: measured on the catalogue itself.

A title finds the description of its own product among those of others, once by vectors and once by
shared words. Where vectors find fewer than words do, the encoder reads the language letter by
letter, and what is near says little. Words are those of the word index, so the measure needs no
judgments.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing.ports import ProductEncoder
from shared.catalog.product import Product
from shared.text.analysis import Analysis

SAMPLE = 128  # products a language
LEAST = 32  # with fewer, nothing is known of a language, and it is taken for known
_SURE = 0.5  # mean reciprocal rank by vectors, from which the encoder knows a language
_SHARE = 0.85  # share of the lexical score that also counts as knowing the language
_SHORTEST = 20  # characters of a description that says something

Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Found:
    """How well titles find their own descriptions: mean reciprocal ranks."""

    by_vectors: float
    by_words: float

    @property
    def is_known(self) -> bool:
        """Whether the encoder knows the language."""
        return self.by_vectors >= _SURE or self.by_vectors >= _SHARE * self.by_words


def unknown_languages(
    encoder: ProductEncoder, products: Iterable[Product], analysis: Analysis
) -> dict[str, Found]:
    """The languages, as ISO 639 codes, of a sample of products that the encoder does not know.

    The same products give the same languages.
    """
    found: dict[str, list[Product]] = {}
    for product in products:
        if len(product.description) >= _SHORTEST:
            text = f"{product.title} {product.description}"
            found.setdefault(analysis.language(product.language_code, text), []).append(product)
    measured = {each: _sample(some) for each, some in sorted(found.items()) if len(some) >= LEAST}
    all_found = {
        language: Found(found_by_vectors(encoder, some), found_by_words(language, some))
        for language, some in measured.items()
    }
    return {language: found for language, found in all_found.items() if not found.is_known}


def _sample(products: Sequence[Product]) -> list[Product]:
    return random.Random(0).sample(products, min(SAMPLE, len(products)))


def found_by_vectors(encoder: ProductEncoder, products: Sequence[Product]) -> float:
    """The mean reciprocal rank of products' own descriptions, by the cosine to their titles."""
    titles, _ = encoder.encode_products([product.title for product in products])
    descriptions, _ = encoder.encode_products([product.description for product in products])
    return _mean_reciprocal_rank(titles @ descriptions.T)


def found_by_words(language: str, products: Sequence[Product]) -> float:
    """The mean reciprocal rank of products' own descriptions, by the words shared with their
    titles.
    """
    terms = Analysis((language,)).terms
    titles = [frozenset(terms(product.title, language)) for product in products]
    descriptions = [frozenset(terms(product.description, language)) for product in products]
    counts = Counter(term for each in descriptions for term in each)
    weights = {term: math.log(1 + len(products) / count) for term, count in counts.items()}
    lengths = np.sqrt([1 + len(each) for each in descriptions])
    shared = [[sum(weights[term] for term in title & other) for other in descriptions] for title in titles]
    return _mean_reciprocal_rank(np.array(shared) / lengths)


def _mean_reciprocal_rank(scores: Numbers) -> float:
    """Of the diagonal of scores (n, n), each in its row; ties share their ranks."""
    own = np.diag(scores)[:, None]
    ranks = (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2 + 1
    return float(np.mean(1 / ranks))
