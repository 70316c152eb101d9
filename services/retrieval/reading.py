"""Reads a query: what is to be searched, and what it asks for beside its words.

"shoes without laces under 50 euros" searches for "shoes", without "laces", at a price up to 50.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from services.retrieval.narrowing import Limits, price_words
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.caller import Caller
from shared.text.letters import fold
from shared.text.negation import Negation, negations
from shared.text.price import PriceLimit, price_limit
from shared.text.spans import without
from shared.text.words import words

CORRECTION = "correction"
WITHOUT = "without"
PRICE = "price"
SYNONYM = "synonym"
ALL = "all"


@dataclass(frozen=True)
class Part:
    """What a part of the query was taken for."""

    kind: str
    text: str
    meaning: str


@dataclass(frozen=True)
class Reading:
    """A query as it is searched."""

    query: str
    shown: str  # with what `query` leaves out
    corrected: bool
    limits: Limits
    parts: tuple[Part, ...]
    suggested: str = ""  # what may have been meant instead, as it would be typed


@dataclass(frozen=True)
class Catalog:
    """What reading asks a catalogue."""

    correct: Callable[[str, Caller, Collection[str]], str]  # spelling, but of folded words that stay
    # Whether some product that holds a query says that it is without a word
    says_without: Callable[[str, str], bool]
    synonyms: Synonyms = NO_SYNONYMS
    # Whether some product that holds a query says that it is without a word, and has another
    has_instead: Callable[[str, str, str], bool] = lambda lacked, word, query: False
    # Whether a word is a brand, a colour, a size, or an attribute that products have
    is_value: Callable[[str], bool] = lambda word: False
    # What may have been meant by a corrected query, but for words that stay; empty for nothing
    suggest: Callable[[str, Caller, Collection[str]], str] = lambda query, caller, kept: ""


def read(typed: str, as_typed: Collection[str], catalog: Catalog, caller: Caller) -> Reading:
    """Read a normalised query; `as_typed` are the kinds of parts that are not read.

    Spelling is corrected in the remaining text. Phrases that products use, such as "non-stick", are
    kept. A query of nothing but such parts is searched as it is. Raises CallerLeft.
    """
    asked = typed
    if not is_off(SYNONYM, as_typed):
        typed = catalog.synonyms.rewritten(typed)
    price = None if is_off(PRICE, as_typed) else price_limit(fold(typed))
    denied = [] if is_off(WITHOUT, as_typed) else _denied(typed, price, catalog)
    spans = _unsearched(typed, denied, price, catalog)
    rest = " ".join(without(typed, spans).split())
    if len(fold(typed)) != len(typed) or not any(letter.isalnum() for letter in rest):
        spans, denied, price, rest = [], [], None, typed
    query, suggested = _spelled(rest, as_typed, catalog, caller)
    limits = Limits(tuple(each.word for each in denied), (price.low, price.high) if price else None)
    parts = [Part(WITHOUT, typed[each.start : each.end], f"without {each.word}") for each in denied]
    if price:
        parts.append(Part(PRICE, typed[price.start : price.end], price_words(price.low, price.high)))
    parts += [Part(CORRECTION, rest, query)] * (query != rest)
    if not is_off(SYNONYM, as_typed):
        parts += [Part(SYNONYM, asked, typed)] * (asked != typed)
        parts += _synonyms(query, catalog.synonyms)
    said = [typed[span.start : span.end] for span in spans]
    shown, suggested = (" ".join([each, *said]) if said and each else each for each in (query, suggested))
    return Reading(query, shown, query != rest, limits, tuple(parts), suggested)


def _spelled(typed: str, as_typed: Collection[str], catalog: Catalog, caller: Caller) -> tuple[str, str]:
    """A query with its spelling corrected, and the one to offer. Words of synonyms stay."""
    folded = [] if is_off(SYNONYM, as_typed) else words(typed)
    found = catalog.synonyms.of(folded)
    kept = {word for each in found for word in folded[each.start : each.end]}
    query = catalog.correct(typed, caller, kept)
    return query, catalog.suggest(query, caller, kept)


def _denied(typed: str, price: PriceLimit | None, catalog: Catalog) -> list[Negation]:
    """What a query excludes.

    That is said elsewhere than the price: "no more" is no negation in "no more than 80". What is
    doubtful may be what is wanted: "without hood and red", "without laces and lightweight".
    """
    said = negations(fold(typed))
    if price:
        said = [each for each in said if each.end <= price.start or price.end <= each.start]
    rest = without(typed, [*said, *([price] if price else [])])
    return [each for each in said if not (each.is_doubtful and _is_wanted(each, said, rest, catalog))]


def _is_wanted(doubtful: Negation, said: list[Negation], rest: str, catalog: Catalog) -> bool:
    """Whether a word is a value, or some product has it instead of what is denied."""
    return catalog.is_value(doubtful.word) or any(
        catalog.has_instead(each.word, doubtful.word, rest) for each in said if each.in_words
    )


def _unsearched(
    typed: str, denied: list[Negation], price: PriceLimit | None, catalog: Catalog
) -> list[Negation | PriceLimit]:
    """The parts of a query that are not searched.

    A phrase is, if a product with the rest of the query says it of itself.
    """
    priced: list[Negation | PriceLimit] = [price] if price else []
    rest = without(typed, [*denied, *priced])
    left = [each for each in denied if not (each.in_words and catalog.says_without(each.word, rest))]
    return [*left, *priced]


def _synonyms(query: str, synonyms: Synonyms) -> Iterator[Part]:
    typed = words(query)
    for found in synonyms.of(typed):
        others = ", ".join(" ".join(other) for other in found.others)
        yield Part(SYNONYM, " ".join(typed[found.start : found.end]), others)


def is_off(kind: str, as_typed: Collection[str]) -> bool:
    """Whether a kind of part is not to be read."""
    return kind in as_typed or ALL in as_typed
