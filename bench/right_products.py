"""Whether queries of many kinds bring the right products of a catalogue: codes, numbers, units, orders,
nonsense, misspellings.

    python -m bench.right_products CATALOG [--data DIR] [--queries N]

Serves the catalogue in a process of its own, and asks over gRPC. The queries are made of the catalogue's
own products, the same each time.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from bench.cpu import cpu
from cli.client import Client
from cli.files.indexed import index_file
from cli.standalone_process import running_engine
from shared import artifacts
from shared.catalog.product import Product
from shared.snapshot.generation import snapshots_of
from shared.snapshot.products import ProductStore
from shared.text.cleaning import clean
from shared.text.codes import compact
from shared.text.letters import fold

_DEADLINE_MS = 5_000
_PAIR = re.compile(r"\b([A-Za-z]{3,12}) (\d{2,5})\b")
_WORD = re.compile(r"(?<!\w)[a-z]{5,12}(?!\w)")
_QUANTITIES = ("GB", "TB", "MP", "inch")
_ORDERED_WORDS = 16
_ORDERED_RESULTS = 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Shop:
    """The running server and its catalogue."""

    engine: Client
    products: Sequence[Product]
    chance: random.Random
    most: int  # queries of a kind

    def ask(self, query: str, **fields: Any) -> SearchResponse:
        """One page, as shoppers get it."""
        request = SearchRequest(query=query, deadline_ms=_DEADLINE_MS, unlogged=True, **fields)
        return self.engine.search(request)

    def some(self, kept: Callable[[Product], bool]) -> list[Product]:
        """Products of a kind, at most as many as there are to be queries."""
        fitting = [each for each in self.products if kept(each)]
        return self.chance.sample(fitting, min(self.most, len(fitting)))


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.3f} of {len(hits)}" if hits else "no such product"


def _first(page: SearchResponse) -> str:
    return page.results[0].product.product_id if page.results else ""


def codes(shop: Shop) -> Iterator[tuple[str, str]]:
    """Stock-keeping units and trade numbers, as they are typed."""
    by_id = {each.product_id: each for each in shop.products}
    separated = shop.some(lambda each: compact(each.sku) != fold(each.sku) and len(compact(each.sku)) > 4)
    found = []
    for each in separated:
        first = by_id.get(_first(shop.ask(compact(each.sku))))
        found.append(first is not None and compact(first.sku) == compact(each.sku))
    yield "SKU without its separators: the first has it", _share(found)
    coded = shop.some(lambda each: len(compact(each.sku)) > 5 and any(map(str.isdigit, each.sku)))
    begun = []
    for each in coded:
        first = by_id.get(_first(shop.ask(each.sku[:-1])))
        begun.append(first is not None and compact(first.sku).startswith(compact(each.sku[:-1])))
    yield "SKU without its last character: the first begins so", _share(begun)
    numbered = shop.some(lambda each: bool(each.gtin))
    found = [_first(shop.ask(f"EAN: {each.gtin}")) == each.product_id for each in numbered]
    yield "EAN: and the trade number is first", _share(found)


def glued(shop: Shop) -> Iterator[tuple[str, str]]:
    """Words and numbers in one."""
    pairs = {match.groups() for each in shop.products for match in _PAIR.finditer(clean(each.title))}
    chosen = shop.chance.sample(sorted(pairs), min(shop.most, len(pairs)))
    hits = []
    for word, number in chosen:
        titles = [clean(result.product.title) for result in shop.ask(f"{word}{number}", page_size=1).results]
        hits.append(any(f"{word} {number}" in title for title in titles))
    yield '"word123" for "Word 123": the first has it', _share(hits)


def quantities(shop: Shop) -> Iterator[tuple[str, str]]:
    """Numbers with units, glued or apart."""
    texts = [clean(f"{each.title} {each.description}").lower() for each in shop.products]
    counted = Counter[tuple[str, str]]()
    for unit in _QUANTITIES:
        pattern = re.compile(rf"\b(\d{{1,4}}) ?{unit.lower()}\b")
        counted.update((number, unit) for text in texts for number in set(pattern.findall(text)))
    for (number, unit), count in counted.most_common(4):
        apart = shop.ask(f"{number} {unit}", max_tier="TIER_LEXICAL").total_count
        together = shop.ask(f"{number}{unit}", max_tier="TIER_LEXICAL").total_count
        yield f"'{number} {unit}' and '{number}{unit}' of {count} in texts", f"{apart} and {together}"


def orders(shop: Shop) -> Iterator[tuple[str, str]]:
    """What comes first by price holds the word."""
    words = Counter(word for each in shop.products for word in set(_WORD.findall(fold(clean(each.title)))))
    hits = []
    for word, _ in words.most_common(_ORDERED_WORDS):
        page = shop.ask(word, order_by="price asc", page_size=_ORDERED_RESULTS)
        hits += [word in fold(str(result.product)) for result in page.results]
    yield "of the first ten by price, hold the word", _share(hits)


def nonsense(shop: Shop) -> Iterator[tuple[str, str]]:
    """Letters at random find nothing."""
    queries = ["".join(shop.chance.choices(_LETTERS, k=9)) for _ in range(50)]
    yield "random letters find nothing", _share([not shop.ask(each).results for each in queries])


def spelling(shop: Shop) -> Iterator[tuple[str, str]]:
    """Misspelt words are corrected; brands and words of titles are left alone."""
    words = Counter(word for each in shop.products for word in set(_WORD.findall(fold(clean(each.title)))))
    frequent = sorted(word for word, count in words.items() if count >= 5)
    hits = []
    for word in shop.chance.sample(frequent, min(200, len(frequent))):
        typed = _misspelt(word, shop.chance)
        if typed not in words:
            hits.append(shop.ask(typed, page_size=1).corrected_query == word)
    yield "misspelt words are corrected", _share(hits)
    known = sorted({brand for each in shop.products for brand in each.brands} | set(words))
    chosen = shop.chance.sample(known, min(2_000, len(known)))
    harmed = [bool(shop.ask(each, page_size=1, max_tier="TIER_LEXICAL").corrected_query) for each in chosen]
    yield "brands and words of titles harmed", f"{sum(harmed)} of {len(harmed)}"


def _misspelt(word: str, chance: random.Random) -> str:
    """One letter less, more, other, or two exchanged; never the first."""
    at = chance.randrange(1, len(word) - 1)
    letter = chance.choice(_LETTERS)
    ways = (
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    return chance.choice([each for each in ways if each != word])


def _products(data: Path) -> list[Product]:
    root = snapshots_of(data)
    store = ProductStore.open(root / str(artifacts.current(root)) / "products")
    return [store.product(row) for row in range(len(store))]


def main() -> None:
    """Print one line a kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--data", type=Path, help="keeps the index for the next run")
    parser.add_argument("--queries", type=int, default=300, help="of a kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "data"
        if not snapshots_of(data).exists():
            index_file(arguments.catalog, data)
        print(cpu())
        with running_engine(data) as address, Client(address) as engine:
            shop = Shop(engine, _products(data), random.Random(1), arguments.queries)
            for kind in (codes, glued, quantities, orders, nonsense, spelling):
                for title, measured in kind(shop):
                    print(f"{title:<60} {measured}", flush=True)


if __name__ == "__main__":
    main()
