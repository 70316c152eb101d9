"""Texts as long as a request or a file can hold are read in linear time.

The texts are so long that a quadratic algorithm needs minutes, and a linear one a second.
"""

import importlib
import re
import string
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from cli.filters import parse_filter
from services.reranker.training import catalog_queries
from services.retrieval.nearest_names import nearest_names
from shared.catalog.product import Product
from shared.product_text import product_text
from shared.query_ids import query_hash
from shared.snapshot.columns import paths
from shared.snapshot.lexical_document import document, glued, joined
from shared.snapshot.vocabulary import spelled
from shared.text.analysis import Analysis
from shared.text.cleaning import clean
from shared.text.codes import codes_in, compact, endings, without_label
from shared.text.head import head
from shared.text.letters import fold
from shared.text.negation import lacking, negations
from shared.text.price import price_limit
from shared.text.quantities import quantities
from shared.text.query import normalise
from shared.text.words import words

ROOT = Path(__file__).resolve().parents[2]
LETTERS = 500_000
LETTERS_OF_A_PATTERN = 50_000
UNITS = (
    "a",
    "1",
    "-",
    "a-",
    "1.",
    "1,",
    "1/",
    "'",
    " ",
    "a ",
    "=",
    "!",
    "..",
    "_",
    "\u00e9",
    "\u0301\u0323",
    "\u0f73",
    "\x00",
)
READERS: dict[str, Callable[[str], object]] = {
    "joined": joined,
    "joined beside a hyphen": lambda text: joined(f"{text} t-shirt"),
    "glued": glued,
    "head": head,
    "words of a title": catalog_queries.words_of,
    "compact": compact,
    "codes": lambda text: list(codes_in(text)),
    "endings": lambda text: endings(text[:40]),
    "label": without_label,
    "clean": clean,
    "fold": fold,
    "words": words,
    "quantities": quantities,
    "lacking": lacking,
    "negations": negations,
    "price": price_limit,
    "spelled": spelled,
    "document": lambda text: document(Product("p", "a title", description=text), 0, Analysis()),
    "normalise": normalise,
    "query_hash": query_hash,
    "product_text": lambda text: product_text(text, (text,), (text,), text),
    "category paths": lambda text: paths(text[:2_000]),
    "filter": lambda text: parse_filter(f"price={text}x"),
    "nearest_names": lambda text: nearest_names(text, [text, text[1:]]),
}

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_whatever_reads_a_text_reads_half_a_million_letters(
    reader: Callable[[str], object],
) -> None:
    for unit in UNITS:
        reader(unit * (LETTERS // len(unit)))


METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")


@cache
def sources() -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for room in ("cli", "services", "shared")
        for path in ROOT.glob(f"{room}/**/*.py")
    }


def uses() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Each pattern of a module, with the methods that are called on it."""
    for path, source in sources().items():
        if "re.compile(" not in source:
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and f"{name} = re.compile(" in source:
                readers = source if name.startswith("_") else "".join(sources().values())
                for method in METHODS:
                    if f"{name}.{method}(" in readers:
                        yield f"{module.__name__}.{name}.{method}", value, method


@pytest.mark.parametrize(
    ("pattern", "method"), [pytest.param(each, how, id=name) for name, each, how in uses()]
)
def test_no_pattern_takes_the_square_of_a_text_s_length(pattern: re.Pattern[str], method: str) -> None:
    used = partial(pattern.sub, " ") if method == "sub" else getattr(pattern, method)
    for unit in (*UNITS, *string.punctuation):
        text = unit * (LETTERS_OF_A_PATTERN // len(unit))
        for sought in (text, f"{text}\n", f"1{text}", f"x={text}"):
            found = used(sought)
            deque(found if method == "finditer" else (), maxlen=0)
