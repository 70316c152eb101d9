"""What docs/queries.md says that queries find is found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.retrieval import reading
from services.retrieval.reading_catalog import catalog_of
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from services.retrieval.synonyms import parsed
from shared.caller import PATIENT
from shared.catalog.product import Product
from shared.text.query import normalise
from tests.unit.retrieval.snapshot_on_disk import write_snapshot

PAGE = (Path(__file__).resolve().parents[2] / "docs/queries.md").read_text(encoding="utf-8")
[SYNONYMS] = re.findall(r"^```synonyms\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DID_YOU_MEAN = "did you mean"
DROPS = "drops"
BLOCKS = re.findall(r"^```queries\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A catalogue, and what a query finds in it, which other query is offered, or what is dropped."""

    products: tuple[Product, ...]
    query: str
    titles: tuple[str, ...] | None
    in_order: bool = False  # whether the titles are in the order of the page
    offered: str = ""
    dropped: tuple[str, ...] = ()


def examples() -> Iterator[Example]:
    for block in BLOCKS:
        lines = block.splitlines()
        products = tuple(
            product(place, line) for place, line in enumerate(lines) if not line.startswith("? ")
        )
        known = {each.title for each in products}
        for line in lines:
            query, arrow, found = [*re.split("(->|=>)", line.removeprefix("? ")), "", ""][:3]
            if line.startswith("? ") and arrow:
                yield Example(products, query.strip(), tuple(split(found.strip(), known)), arrow == "=>")
            elif line.startswith("? "):
                query, _, dropped = query.partition(DROPS)
                query, _, offered = query.partition(DID_YOU_MEAN)
                dropped_words = tuple(dropped.split())
                yield Example(products, query.strip(), None, False, offered.strip(" ?"), dropped_words)


def split(found: str, titles: set[str]) -> Iterator[str]:
    """The titles in a list of them; a title may hold a comma."""
    while found:
        title = max((each for each in titles if found.startswith(each)), key=len)
        yield title
        found = found.removeprefix(title).removeprefix(", ")


def product(place: int, line: str) -> Product:
    title, sku, attribute = [*map(str.strip, line.split("|")), "", ""][:3]
    name, _, value = attribute.partition("=")
    price = float(value) if name == "price" else None
    values = (float(value),) if value.isdecimal() else (value,)
    attributes = {name: values} if name and price is None else {}
    return Product(f"product-{place}", title, sku=sku, price=price, attributes=attributes)


EXAMPLES = list(examples())


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Snapshot]:
    """By the identity of the products."""
    shops = {id(each.products): each.products for each in EXAMPLES}
    return {
        known: Snapshot.open(write_snapshot(tmp_path_factory.mktemp("shop"), list(products)))
        for known, products in shops.items()
    }


def test_there_are_examples_of_every_rule() -> None:
    assert len(EXAMPLES) >= 39


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.query for each in EXAMPLES])
def test_a_query_finds_what_the_page_says(opened: dict[int, Snapshot], example: Example) -> None:
    snapshot = opened[id(example.products)]
    synonyms, faults = parsed(SYNONYMS)
    query, _, order_by = example.query.partition(" by ")
    read = reading.read(normalise(query), (), catalog_of(snapshot, synonyms), PATIENT)
    assert not faults and (not example.offered or read.suggested == example.offered)
    request = Request(read.query, limits=read.limits, synonyms=synonyms, order_by=order_by)
    found = Retriever().retrieve(snapshot, request)
    assert not example.dropped or found.relaxation.dropped_words == example.dropped
    matching = found.rows[~found.by_meaning]
    titles = [snapshot.products.product(int(row)).title for row in matching]
    if example.titles is not None:
        kept = titles if example.in_order else sorted(titles)
        assert kept == (list(example.titles) if example.in_order else sorted(example.titles))
