"""Attributes that say yes or no, where a query names them or does without."""

import numpy as np
import pytest

from services.retrieval import reading
from services.retrieval.reading_catalog import catalog_of
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

PRODUCTS = [
    Product("city", "Parka City", attributes={"windproof": ("false",)}),
    Product("alp", "Parka Alp", attributes={"windproof": ("true",)}),
    Product("plain", "Parka"),
    Product("tent", "Windproof tent"),
    Product("vest", "Parka vest without hood"),
]


@pytest.fixture
def snapshot(open_snapshot: OpenSnapshot) -> Snapshot:
    return open_snapshot(PRODUCTS, np.eye(8, dtype=np.float32)[: len(PRODUCTS)])


def found(snapshot: Snapshot, query: str, tier: str = "") -> list[str]:
    """What is found by words and by vectors, the nearest of which is the first product."""
    read = reading.read(query, (), catalog_of(snapshot), PATIENT)
    near = np.array([0.9, 0.1, 0.4, 0.1, 0.1, 0, 0, 0], np.float32)
    request = Request(read.query, near / np.linalg.norm(near), limits=read.limits, tier=tier)
    return snapshot.products.product_ids(Retriever().retrieve(snapshot, request).rows)


def test_what_says_no_comes_last_however_near_it_is(snapshot: Snapshot) -> None:
    assert found(snapshot, "parka")[0] == "city"
    assert found(snapshot, "windproof parka")[-1] == "city"


def test_a_name_of_more_words_denies_none_of_them(open_snapshot: OpenSnapshot) -> None:
    attributes = {"card slot": ("no",), "memory card slot": ("yes",)}
    snapshot = open_snapshot([Product("camera", "Camera", attributes=attributes)])
    search = snapshot.lexical.search("memory card")
    assert not search.names_attributes


def test_what_is_not_wanted_is_left_out_by_an_attribute_too(snapshot: Snapshot) -> None:
    assert found(snapshot, "parka not windproof")[0] == "city"
    assert "alp" not in found(snapshot, "parka not windproof")


def test_what_other_products_say_does_not_narrow(snapshot: Snapshot) -> None:
    """No tent says that it is without a hood, so tents are not asked to."""
    assert found(snapshot, "tent without hood", tier="lexical") == ["tent"]
    assert found(snapshot, "parka without hood", tier="lexical")[0] == "vest"


def test_the_last_of_what_is_not_wanted_may_be_wanted(open_snapshot: OpenSnapshot) -> None:
    products = [
        Product("hood", "Parka with hood"),
        Product("belt", "Parka with belt"),
        Product("red", "Parka", attributes={"color": ("red",)}),
        Product("dry", "Parka for rain", attributes={"waterproof": ("true",)}),
    ]
    snapshot = open_snapshot(products, np.eye(8, dtype=np.float32)[: len(products)])
    assert set(found(snapshot, "parka without hood and belt", tier="lexical")) == {"red", "dry"}
    assert found(snapshot, "parka without hood and red", tier="lexical")[0] == "red"
    assert found(snapshot, "parka without hood and waterproof", tier="lexical")[0] == "dry"


def test_what_products_without_the_first_have_is_wanted(open_snapshot: OpenSnapshot) -> None:
    titles = {
        "white": "Loafer without laces, white",
        "black": "Loafer without laces, black",
        "zip": "Loafer, no zip",
        "laced": "Loafer, laces and zip",
    }
    products = [Product(name, title) for name, title in titles.items()]
    snapshot = open_snapshot(products, np.eye(8, dtype=np.float32)[: len(products)])
    assert found(snapshot, "loafer without laces and white", tier="lexical")[0] == "white"
    assert "laced" not in found(snapshot, "loafer without laces and zip", tier="lexical")
    read = reading.read("loafer without laces and zip", (), catalog_of(snapshot), PATIENT)
    assert read.limits.without == ("laces", "zip")


def test_a_product_without_two_things_is_without_each(open_snapshot: OpenSnapshot) -> None:
    products = [
        Product("both", "Cashews without salt and sugar", brands=("Nutty",)),
        Product("glazed", "Cashews, sugar glazed"),
        Product("plain", "Cashews, no sugar"),
    ]
    snapshot = open_snapshot(products, np.eye(8, dtype=np.float32)[: len(products)])
    for query in ("cashews without sugar", "cashews -sugar"):
        assert set(found(snapshot, query, tier="lexical")) == {"both", "plain"}
