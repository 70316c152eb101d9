from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.v1 import catalog_pb2 as pb
from shared.catalog.product import Product
from shared.catalog.validation import violations
from shared.catalog.wire import from_message, to_message

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)
NAMES = WORDS.filter(str.strip)
TEXTS = st.lists(WORDS, max_size=3).map(tuple)
AMOUNTS = st.floats(0, 1e9)
TIMES = st.none() | st.integers(-62_135_596_800, 253_402_300_799).map(float)
VALUES = st.lists(WORDS, min_size=1, max_size=3).map(tuple) | st.lists(AMOUNTS, min_size=1, max_size=3).map(
    tuple
)


@st.composite
def products(draw: st.DrawFn) -> Product:
    price, average = draw(st.none() | AMOUNTS), draw(st.none() | st.floats(0, 5))
    return Product(
        product_id=draw(WORDS),
        title=draw(WORDS.filter(lambda word: bool(word.strip()))),
        type=draw(st.sampled_from(["primary", "variant"])),
        primary_product_id=draw(WORDS),
        description=draw(st.text(st.characters(codec="utf-8"), max_size=50)),
        brands=draw(TEXTS),
        categories=draw(TEXTS),
        price=price,
        original_price=draw(st.none() | AMOUNTS) if price is not None else None,
        currency_code=draw(st.sampled_from(["", "EUR"])) if price is not None else "",
        availability=draw(st.sampled_from(["in_stock", "out_of_stock", "preorder", "backorder"])),
        available_quantity=draw(st.none() | st.integers(0, 2**32 - 1)),
        rating_average=average,
        rating_count=draw(st.integers(0, 2**32 - 1)) if average is not None else 0,
        gtin=draw(st.sampled_from(["", "12345678", "1234567890123"])),
        images=draw(TEXTS),
        attributes=draw(st.dictionaries(NAMES, VALUES, max_size=3)),
        tags=draw(TEXTS),
        publish_time=draw(TIMES),
        expire_time=draw(TIMES),
        language_code="en",
        update_time=draw(TIMES),
    )


@settings(max_examples=40, deadline=None)
@given(products())
def test_a_product_survives_the_wire(product: Product) -> None:
    payload = to_message(product).SerializeToString(deterministic=True)
    assert from_message(pb.Product.FromString(payload)) == product


@settings(max_examples=40, deadline=None)
@given(products())
def test_a_product_within_the_limits_is_valid(product: Product) -> None:
    assert [fault for fault in violations(product) if not fault.field.endswith("product_id")] == []


def test_a_fraction_of_a_second_survives_the_wire() -> None:
    product = Product("p1", "Kettle", publish_time=1767323045.123456)
    assert from_message(to_message(product)) == product


def test_what_this_version_does_not_know_is_read_as_the_default() -> None:
    message = pb.Product(product_id="p1", title="Kettle")
    message.type = message.availability = 99  # type: ignore[assignment]
    assert from_message(message) == Product("p1", "Kettle")


def test_every_violation_of_a_product_is_told() -> None:
    faults = violations(Product("", "", price=float("nan"), gtin="1"))
    assert [fault.field for fault in faults] == ["product_id", "title", "price.amount", "gtin"]
