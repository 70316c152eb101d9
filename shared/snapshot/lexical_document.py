"""The fields of the word index.

text        every searchable field, repeated by its weight: its words, stemmed in the product's
            language
joined      words that other shops write apart or glued ("t-shirt" as "tshirt", "rtx 3080" as
            "rtx3080"), what a product has not ("without laces" as "no_lace"), and the names in one
            word of attributes that are false ("waterproof" as "false_waterproof")
measure     numbers with units, dimensions and numeric attributes, each in one form ("8gb"), and the
            names of attributes that are true
named       the words that say what it is: those of the title before "with" and its like, of brands
            and of the last parts of categories
identifier  the product's id, stock-keeping unit and trade numbers, without separators
code        the ends of all its codes, from each separator and each turn of letters and digits on
row         its row
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache

import tantivy

from shared.catalog.product import Product
from shared.text.analysis import Analysis
from shared.text.cleaning import clean
from shared.text.codes import codes_in, compact, endings, is_code
from shared.text.dictionaries import Dictionaries
from shared.text.head import head
from shared.text.letters import fold
from shared.text.negation import lacking
from shared.text.quantities import measure, quantities
from shared.text.stemming import stem
from shared.text.words import PlacedWord, is_run, words

TEXT = "text"
JOINED = "joined"
MEASURE = "measure"
NAMED = "named"
IDENTIFIER = "identifier"
CODE = "code"
ROW = "row"
# How often a field is repeated in the blend; other fields appear once
TITLE_WEIGHT = 3
BRAND_WEIGHT = 2
CATEGORY_WEIGHT = 3

_REMEMBERED = 20_000  # names of attributes

_YES = frozenset(("true", "yes", "y", "ja", "oui", "sí", "si", "да", "是"))
_NO = frozenset(("false", "no", "n", "nein", "non", "nej", "nee", "нет", "ні", "否"))
# Attributes that hold codes of a product, by their names without separators
_CODE_NAMES = frozenset(
    ("mpn", "ean", "ean13", "upc", "isbn", "asin", "jan", "partnumber", "modelnumber", "articlenumber")
)
_HYPHENATED = re.compile(r"(?<![^\W_])[^\W_]++(?:[-&'][^\W_]++)++")
_SEPARATOR = re.compile(r"[-&']")
_GLUED = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{1,12}) (\d[\w]{0,7})(?!\w)|(?<!\w)(\d{1,6}) ([^\W\d_]{1,12})(?!\w)"
)


def document(product: Product, row: int, analysis: Analysis) -> tantivy.Document:
    """The document that is indexed for a product."""
    document = tantivy.Document()
    document.add_unsigned(ROW, row)
    named = clean(" ".join(names(product)))
    described = clean(product.description)
    language = analysis.language(product.language_code, f"{named} {described}")
    terms = analysis.terms(" ; ".join(_blend(product)), language)
    document.add_text(TEXT, " ".join(terms))
    # "men's" is "men" already
    others = {stem(word, language): word for word in joined(f"{named} {described}")}.keys() - set(terms)
    joined_terms = sorted(others)
    joined_terms += _letters_of_runs(named) + glued(named)
    said = fold(clean(" ; ".join([*names(product), described, *_written(product)])))
    absent = [*lacking(said), *_named_by(product, _NO, analysis)]
    joined_terms += [lacking_term(stem(word, language)) for word in absent]
    joined_terms += [false_term(stem(word, language)) for word in _denied(product, analysis)]
    _add(document, JOINED, joined_terms)
    _add(document, NAMED, list(dict.fromkeys(analysis.terms(" ; ".join(_names_it(product)), language))))
    affirmed = [stem(word, language) for word in _named_by(product, _YES, analysis)]
    _add(document, MEASURE, [*_measures(product, said, analysis), *affirmed])
    for name in {compact(name) for name in identifiers(product)}:
        document.add_text(IDENTIFIER, name)
    for ending in {each for code in _codes(product) for each in endings(code)}:
        document.add_text(CODE, ending)
    return document


def lacking_term(term: str) -> str:
    """The term of a product that says that it is without one."""
    return f"no_{term}"


def false_term(term: str) -> str:
    """The term of a product whose attribute of that name, in one word, is false."""
    return f"false_{term}"


def _add(document: tantivy.Document, field: str, terms: Sequence[str]) -> None:
    if terms:
        document.add_text(field, " ".join(terms))


def _blend(product: Product) -> Iterable[str]:
    leaves = [path.rsplit(">", 1)[-1] for path in product.categories]
    yield from [product.title] * TITLE_WEIGHT
    yield from product.brands * BRAND_WEIGHT
    # The levels above the leaf count once
    yield from [*product.categories, *leaves * (CATEGORY_WEIGHT - 1)]
    yield from (product.description, product.sku, *product.tags)
    yield from _written(product)


def _names_it(product: Product) -> Iterable[str]:
    yield head(product.title)
    yield from product.brands
    yield from (path.rsplit(">", 1)[-1] for path in product.categories)


def names(product: Product) -> list[str]:
    """The texts whose words are used for spelling correction."""
    return [product.title, *product.brands, *product.categories]


def identifiers(product: Product) -> Iterator[str]:
    """The id, stock-keeping unit and trade numbers of a product."""
    yield product.product_id
    yield from (each for each in (product.sku, product.gtin) if each)
    for name, values in product.attributes.items():
        if compact(name) in _CODE_NAMES:
            yield from (str(value) for value in values if isinstance(value, str) and compact(value))


def _codes(product: Product) -> Iterator[str]:
    yield from identifiers(product)
    yield from codes_in(clean(product.title))
    for values in product.attributes.values():
        yield from (
            each for each in values if isinstance(each, str) and " " not in each and is_code(compact(each))
        )


def joined(text: str) -> list[str]:
    """The words of a clean text that are written with a separator inside, each as one folded word."""
    found = (_SEPARATOR.sub("", fold(word)) for word in _HYPHENATED.findall(text))
    return [word for word in found if not word.isdecimal()]


def glued(text: str) -> list[str]:
    """The letters and numbers of a clean text that stand beside each other, as one folded word."""
    return [_together(match) for match in _GLUED.finditer(fold(text))]


def placed_joined(text: str) -> Iterator[PlacedWord]:
    """The words of `joined` in a clean, folded text."""
    for match in _HYPHENATED.finditer(text):
        if not (word := _SEPARATOR.sub("", match[0])).isdecimal():
            yield PlacedWord(word, *match.span())


def placed_glued(text: str) -> Iterator[PlacedWord]:
    """The words of `glued` in a clean, folded text."""
    return (PlacedWord(_together(match), *match.span()) for match in _GLUED.finditer(text))


def _together(match: re.Match[str]) -> str:
    return "".join(part for part in match.groups() if part)


def _letters_of_runs(text: str) -> list[str]:
    """The single letters of scripts without spaces, for queries of one letter."""
    return [letter for letter in dict.fromkeys(text) if is_run(letter)]


def _written(product: Product) -> list[str]:
    return [value for values in product.attributes.values() for value in values if isinstance(value, str)]


def _named_by(product: Product, answers: Container[str], analysis: Analysis) -> Iterator[str]:
    """The words of the names of attributes whose value is one of the answers."""
    for name, values in product.attributes.items():
        if len(values) == 1 and fold(str(values[0])) in answers:
            yield from _words_of_name(name, analysis.dictionaries)


def _denied(product: Product, analysis: Analysis) -> Iterator[str]:
    """The names of attributes that are false: "waterproof", "is_waterproof"; not "card slot"."""
    for name, values in product.attributes.items():
        if len(values) == 1 and fold(str(values[0])) in _NO:
            named = _words_of_name(name, analysis.dictionaries)
            if len(named) == 1 or (len(named) == 2 and named[0] == "is"):
                yield named[-1]


@lru_cache(_REMEMBERED)
def _words_of_name(name: str, dictionaries: Dictionaries) -> tuple[str, ...]:
    return tuple(words(clean(name.replace("_", " ")), dictionaries))


def numeric_terms(name: str, value: float, analysis: Analysis) -> set[str]:
    """The terms of a numeric attribute."""
    return set(_numeric(_words_of_name(name, analysis.dictionaries), value))


def affirmed_words(name: str, values: Sequence[str | float], analysis: Analysis) -> tuple[str, ...]:
    """The folded words of the name of an attribute that is true; none if it is not."""
    is_true = len(values) == 1 and fold(str(values[0])) in _YES
    return _words_of_name(name, analysis.dictionaries) if is_true else ()


def _measures(product: Product, said: str, analysis: Analysis) -> Iterator[str]:
    yield from (each.term for each in quantities(said))
    for name, values in product.attributes.items():
        for value in values:
            if not isinstance(value, str):
                yield from _numeric(_words_of_name(name, analysis.dictionaries), value)


def _numeric(name: Sequence[str], value: float) -> Iterator[str]:
    """The forms of a numeric attribute: its number, with its unit or after its name."""
    number = repr(float(value)).removesuffix(".0")
    yield number
    if name:
        yield f"{name[-1]}{number}"
        if (with_unit := measure(number, name[-1])) != number:
            yield with_unit
