"""The words of a shop in one language: the values that `*.txt` are read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sample.vocabulary import Brand

NUMBER = "number"
COLOR = "color"
PROPERTY = "property"
MATERIAL = "material"
EXTRA = "extra"


@dataclass(frozen=True)
class Form:
    """A noun in one number, with the gender by which adjectives agree with it."""

    text: str
    gender: str  # m, f, n, with p in the plural: mp, fp; empty where nouns have none


@dataclass(frozen=True)
class Noun:
    """A name of a kind: as titles have it, and in the other number."""

    title: Form
    other: Form | None


@dataclass(frozen=True)
class Word:
    """A value of a trait, in the words of merchants and shoppers."""

    written: tuple[str, ...]  # what `agreement` makes forms of; any others mean the same
    follows: bool  # the noun: "mit Kapuze"
    sentence: str  # in a description
    asked: tuple[str, ...]  # in a query, beside the noun; empty: as written


@dataclass(frozen=True)
class Goods:
    """What a kind is, in no language."""

    key: str
    prices: tuple[float, float]  # in euros
    near: tuple[str, ...]  # kinds that are related
    traits: tuple[tuple[str, tuple[str, ...]], ...]  # a trait with its possible values
    unit: str  # of its number; empty for none


@dataclass(frozen=True)
class Kind:
    """Goods in the words of one language."""

    goods: Goods
    names: tuple[Noun, ...]
    path: tuple[str, ...]
    openers: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.goods.key


@dataclass(frozen=True)
class Tried:
    """A query of the guided tour, and what the visitor should notice."""

    name: str
    query: str
    notice: str


@dataclass(frozen=True)
class Shop:
    """A shop in one language."""

    language: str  # BCP 47
    currency: str  # ISO 4217
    rate: float  # of its currency, by which prices in euros are multiplied
    joins: str  # what stands between two adjectives: "et"
    brands: tuple[Brand, ...]
    titles: tuple[str, ...]  # patterns
    closings: tuple[str, ...]
    tour: tuple[Tried, ...]
    kinds: Mapping[str, Kind]
    words: Mapping[str, Word]
    heads: Mapping[str, tuple[str, ...]]  # a part of compounds, or a first word -> kinds

    @property
    def spaced(self) -> bool:
        """Whether words are set apart by spaces."""
        return self.language not in ("ja", "zh")
