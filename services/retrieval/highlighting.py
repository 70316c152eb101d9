"""Shows where the words of a query stand in a product: matched words, and a snippet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from services.retrieval.marking import Mark, MarkedText, Marking
from services.retrieval.query_terms import QueryTerms
from services.retrieval.snippets import Cut, snippet
from shared.catalog.product import Product
from shared.snapshot.lexical_document import names
from shared.text.analysis import Analysis
from shared.text.cleaning import clean

DEFAULT_SNIPPET = 160  # characters
MAX_SNIPPET = 1_000
MAX_DESCRIPTION = 20_000  # characters of a description that are read, with its mark-up
MAX_VALUE = 2_000  # characters of any other value
MAX_VALUES = 200  # values of a product that are read
MAX_HIGHLIGHTS = 20  # of a product

TITLE = "title"
DESCRIPTION = "description"
_NAMES = frozenset((TITLE, "brands", "categories"))
_CODES = frozenset(("product_id", "sku", "gtin"))
_ATTRIBUTE = "attributes."
_LONGEST_TAG = 200  # characters


@dataclass(frozen=True, slots=True)
class Highlight:
    """A field of a product, and one of its values in pieces."""

    field: str
    cut: Cut


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a product as text."""

    field: str
    text: str
    is_match: bool = False  # all of it, whatever its words are
    is_start: bool = False  # more follows, which is not read

    @classmethod
    def of(cls, field: str, text: str, is_match: bool = False) -> _Value:
        most = MAX_DESCRIPTION if field == DESCRIPTION else MAX_VALUE
        return cls(field, _start(text, most), is_match, len(text) > most)

    def read(self, marking: Marking) -> MarkedText:
        is_code = self.field in _CODES or self.field.startswith(_ATTRIBUTE)
        has_words = self.field not in _CODES or self.field == "sku"
        return marking.read(self.text, self.field in _NAMES, is_code, has_words)

    def highlight(self, read: MarkedText, marks: list[Mark], length: int) -> Highlight | None:
        """The highlight; None if the value holds no word of the query and is not always shown."""
        shown = read.text.shown
        if self.is_match:
            marks = [Mark(shown, 0, len(shown))]
        if not shown or not (marks or self.field in (TITLE, DESCRIPTION)):
            return None
        cut = snippet(shown, marks, MAX_SNIPPET if self.field == TITLE else length)
        return Highlight(self.field, replace(cut, after=cut.after or self.is_start))


@dataclass(frozen=True)
class Highlighter:
    """Highlights one query in any product."""

    analysis: Analysis
    terms: QueryTerms
    length: int = DEFAULT_SNIPPET  # characters of a snippet

    def of(self, product: Product) -> list[Highlight]:
        """The title, a snippet of the description, and other values that hold words of the query.

        At most 20, of the first 200 values. A value that is longer than a snippet is cut like a
        description.
        """
        marking = Marking(self.terms, self._language(product), self.analysis)
        values = list(islice(_values(product, marking), MAX_VALUES))
        texts = [value.read(marking) for value in values]
        found = (
            value.highlight(text, marks, self.length)
            for value, text, marks in zip(values, texts, marking.marks(texts), strict=True)
        )
        return [each for each in found if each is not None][:MAX_HIGHLIGHTS]

    def _language(self, product: Product) -> str:
        """The language by which the product is indexed."""
        if len(self.analysis.languages) == 1:
            return self.analysis.languages[0]
        named = clean(" ".join(names(product))[:MAX_VALUE])
        return self.analysis.language(
            product.language_code, f"{named} {clean(product.description[:MAX_DESCRIPTION])}"
        )


def warm(analysis: Analysis, product: Product) -> None:
    """Load what a first highlight would otherwise wait for, such as the detection of languages."""
    Highlighter(analysis, QueryTerms()).of(product)


def _values(product: Product, marking: Marking) -> Iterator[_Value]:
    yield _Value.of(TITLE, product.title)
    yield _Value.of(DESCRIPTION, product.description)
    for field in ("brands", "categories"):
        yield from (_Value.of(field, text) for text in getattr(product, field))
    for name, values in product.attributes.items():
        is_match = marking.holds_name(name, values)
        for value in values:
            if isinstance(value, str):
                yield _Value.of(f"{_ATTRIBUTE}{name}", value, is_match)
            else:
                number = repr(float(value)).removesuffix(".0")
                yield _Value.of(f"{_ATTRIBUTE}{name}", number, is_match or marking.holds_number(name, value))
    yield from (_Value.of("tags", text) for text in product.tags)
    for field in ("sku", "gtin", "product_id"):
        yield _Value.of(field, getattr(product, field))


def _start(text: str, length: int) -> str:
    """The first characters of a text, without a tag or an entity that is cut."""
    if len(text) <= length:
        return text
    kept = text[:length]
    for opening, closing in (("<", ">"), ("&", ";")):
        at = kept.rfind(opening, length - _LONGEST_TAG)
        if at >= 0 and closing not in kept[at:]:
            kept = kept[:at]
    return kept
