"""Brands, categories, colours and sizes that a query names come first, and nothing is left out."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.snapshot.variants import VariantsWriter
from tests.unit.retrieval.snapshot_on_disk import write_snapshot


def shoe(name: str, title: str, brand: str, color: str, **more: Any) -> Product:
    return Product(name, title, brands=(brand,), attributes={"product_colour": (color,)}, **more)


PRODUCTS = [
    shoe("said", "Trail shoe", "Norda", "black", description="red red red red red red red red red red"),
    shoe("red", "Trail shoe with a long description", "Norda", "red"),
    shoe("dark", "Trail shoe in the colour of wine, for long distances", "Alpkit", "dark red/white"),
    shoe("named", "Red trail shoe for very long distances and rough ground", "Alpkit", "multicolour"),
    Product("unknown", "Trail shoe", description="red, and more that is said of shoes and trails"),
    shoe("other", "Trail shoe laces, as Norda has them, red or not", "Alpkit", "white"),
    Product("cap", "Warm cap", categories=("Clothing > Caps",), attributes={"size": ("XL",)}),
    Product("hat", "Warm cap of wool", categories=("Gifts",), description="caps caps caps xl xl xl"),
    Product("bag", "Bag for a cap, warm, xl", categories=("Bags",), attributes={"size": ("S",)}),
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.open(write_snapshot(tmp_path_factory.mktemp("shop"), PRODUCTS))


def found(snapshot: Snapshot, query: str, *as_typed: str) -> tuple[list[str], list[str]]:
    """The products, and what was read."""
    answer = Retriever().retrieve(snapshot, Request(query, tier="lexical", as_typed=as_typed))
    parts = [f"{part.kind} {part.text}" for part in answer.parts]
    return snapshot.products.product_ids(answer.rows), parts


def test_products_of_another_colour_come_last_unless_their_names_have_it(snapshot: Snapshot) -> None:
    ids, parts = found(snapshot, "red trail shoes")
    assert parts == ["color red"]
    assert set(ids[-1:]) == {"said"}
    assert set(ids) == set(found(snapshot, "red trail shoes", "color")[0])
    assert found(snapshot, "red trail shoes", "color")[0][-1] != "said"


def test_products_of_another_brand_come_last(snapshot: Snapshot) -> None:
    ids, parts = found(snapshot, "norda trail shoe")
    assert parts == ["brand norda"]
    assert ids.index("other") > max(ids.index("said"), ids.index("red"))


@pytest.mark.parametrize("off", ["color", "all"])
def test_it_is_switched_off(snapshot: Snapshot, off: str) -> None:
    assert found(snapshot, "red trail shoes", off)[1] == []


def test_categories_and_sizes_are_read_too(snapshot: Snapshot) -> None:
    ids, parts = found(snapshot, "warm cap xl")
    assert parts == ["category cap", "size xl"]
    assert ids[-1] == "bag"


def lamp(name: str, title: str, **values: str) -> Product:
    return Product(name, title, attributes={key: (value,) for key, value in values.items()})


def read(tmp_path: Path, products: list[Product], query: str) -> tuple[list[str], list[str]]:
    """The products that a query finds by words, and what was read in it."""
    return found(Snapshot.open(write_snapshot(tmp_path, products)), query)


def test_of_several_colours_one_is_enough(tmp_path: Path) -> None:
    products = [
        lamp("green", "Lamp", color="green", note="red or blue"),
        lamp("red", "Lamp", color="red", note="like the blue one"),
        lamp("blue", "Lamp", color="blue", note="like the red one"),
        lamp("shade", "Lamp shade for red and blue lamps, of paper"),
    ]
    ids, parts = read(tmp_path, products, "red or blue lamp")
    assert parts == ["color red", "color blue"]
    assert ids[-1] == "green" and set(ids) == {"green", "red", "blue", "shade"}


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("men's shirt", []),
        ("l'art shirt", []),
        ("shirt 5 m", []),
        ("shirt m", ["size m"]),
        ("s, m shirt", ["size s", "size m"]),
    ],
)
def test_a_letter_is_a_size_if_it_stands_alone(tmp_path: Path, query: str, parts: list[str]) -> None:
    products = [lamp(size, "Men's shirt for l'art, 5 m", size=size, note="s m l") for size in ("S", "M", "L")]
    assert read(tmp_path, products, query)[1] == parts


def test_a_function_word_is_a_brand_only_where_the_query_begins(tmp_path: Path) -> None:
    products = [Product("on", "Rain shoe", brands=("On",)), Product("other", "Rain shoe", brands=("Norda",))]
    snapshot = Snapshot.open(write_snapshot(tmp_path, products))
    assert found(snapshot, "shoe to put on in rain")[1] == []
    assert found(snapshot, "on rain shoe")[1] == ["brand on"]


def test_ten_values_of_a_query_count(tmp_path: Path) -> None:
    names = [f"bo{letter}ko" for letter in "bcdfghjklmnprst"]
    products = [
        Product(name, "Lamp", attributes={"color": (name, names[place - 1]), "note": (" ".join(names),)})
        for place, name in enumerate(names)
    ]
    ids, parts = read(tmp_path, products, f"lamp {' '.join(names)}")
    assert parts == [f"color {name}" for name in names[:10]]
    assert set(ids[-4:]) == set(names[11:])


def test_what_is_near_in_meaning_has_the_colour_or_comes_after_what_holds_the_words(
    tmp_path: Path,
) -> None:
    products = [
        lamp("red", "Desk lamp, red", color="red"),
        lamp("black", "Desk lamp", color="black"),
        lamp("candle", "Candle"),
        lamp("lantern", "Lantern", color="red"),
    ]
    vectors = np.eye(8)[[0, 0, 0, 0]] + np.eye(8)[[1, 4, 3, 2]] / 4
    snapshot = Snapshot.open(write_snapshot(tmp_path, products, vectors))
    vector = np.array([0.9, 0.2, 0.3, 0.2, 0, 0, 0, 0], np.float32)
    answer = Retriever().retrieve(snapshot, Request("red desk lamp", vector=vector / np.linalg.norm(vector)))
    ids = snapshot.products.product_ids(answer.rows)
    assert answer.by_meaning.tolist() == [each in ("candle", "lantern") for each in ids]
    assert ids[0] == "red" and ids.index("lantern") < ids.index("black") < ids.index("candle")


def test_of_variants_the_wanted_one_is_shown(tmp_path: Path) -> None:
    made = [
        Product(
            f"mug-{color}",
            f"Mug, {color}",
            description="red or blue or green, as you like",
            type="variant",
            primary_product_id="mug",
            available_quantity=stock,
            attributes={"color": (color,)},
        )
        for color, stock in (("blue", 5), ("red", 0), ("green", 5))
    ]
    products = [Product("mug", "Mug", type="primary"), *made]
    folder = write_snapshot(tmp_path, products)
    families = VariantsWriter(folder / "products")
    families.add(products)
    families.finish()
    snapshot = Snapshot.open(folder)
    answer = Retriever().retrieve(snapshot, Request("red mug", tier="lexical", by_product=True))
    assert snapshot.products.product_ids(answer.rows) == ["mug-red"]


def test_fields_are_found_by_the_last_word_of_their_names(tmp_path: Path) -> None:
    names = ("baseColour", "product_colour", "colour_depth", "Größe", "screen size", "weight", "fabric_farbe")
    products = [
        Product(str(place), "Lamp", brands=("Norda",), attributes=dict.fromkeys(names[place:], ("a",)))
        for place in range(len(names))
    ]
    assert Snapshot.open(write_snapshot(tmp_path, products)).soft_values.fields == {
        "brand": ("brands",),
        "color": ("attributes.fabric_farbe", "attributes.product_colour", "attributes.baseColour"),
        "size": ("attributes.screen size", "attributes.Größe"),
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_is_as_by_hand(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = random.Random(seed)
    values = ("blue", "navy blue", "red", "Rot/Blue", "green")
    titles = ("Lamp", "Blue lamp", "Lamp with blue shade", "Navy lamp")
    products = [
        Product(
            f"p{place}",
            chance.choice(titles),
            description="blue lamp",
            attributes={"color": tuple(chance.sample(values, chance.randrange(3)))},
        )
        for place in range(40)
    ]
    snapshot = Snapshot.open(write_snapshot(tmp_path_factory.mktemp("shop"), products))
    answer = Retriever().retrieve(snapshot, Request("blue lamp", tier="lexical"))
    expected = [_is_against(snapshot.products.product(row)) for row in answer.rows.tolist()]
    read = bool(answer.parts)
    assert expected == sorted(expected) if read else len(answer.rows) == 40
    assert [value == 4 for value in answer.precedence.tolist()] == [read and each for each in expected]


def _is_against(product: Product) -> bool:
    colors = [str(each) for each in product.attributes["color"]]
    has_it = any("blue" in color.lower() for color in colors)
    return bool(colors) and not has_it and product.title != "Blue lamp"
