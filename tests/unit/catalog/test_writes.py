from dataclasses import replace

import pytest

from aisle.v1.catalog_pb2 import AttributeValues, Price, Product, Rating
from shared.catalog import writes
from shared.catalog.paths import WHOLE_FIELDS, expanded, with_fields
from shared.catalog.product import Product as Value
from shared.catalog.writes import Write
from shared.events.log import NewRecord, Record


def read(record: NewRecord) -> Write:
    return writes.from_record(Record(1, record.key, record.value, 0.0))


def test_a_whole_product_replaces_what_was_there() -> None:
    write = read(writes.whole(Product(product_id="p", title="Kettle")))
    assert write.applied_to(Value("p", "Old", tags=("new",))) == Value("p", "Kettle")
    assert write.applied_to(None) == Value("p", "Kettle")


def test_a_field_replaces_itself_and_nothing_else() -> None:
    message = Product(product_id="p", title="not this", price=Price(amount=4, currency_code="EUR"))
    write = read(writes.some(message, ["price"]))
    before = Value("p", "Kettle", price=9.0, original_price=12.0, tags=("new",))
    assert write.applied_to(before) == Value("p", "Kettle", price=4.0, currency_code="EUR", tags=("new",))


def test_a_field_that_is_absent_is_taken_away() -> None:
    write = read(writes.some(Product(product_id="p", rating=Rating(average=3)), ["price"]))
    assert write.applied_to(Value("p", "Kettle", price=9.0)) == Value("p", "Kettle")


def test_a_field_of_a_product_that_is_not_there_does_nothing() -> None:
    assert (
        read(writes.some(Product(product_id="p", price=Price(amount=4)), ["price"])).applied_to(None) is None
    )


def test_a_removal_leaves_nothing() -> None:
    assert read(writes.removal("p")).applied_to(Value("p", "Kettle")) is None


def test_a_field_whose_record_was_cleared_away_stays() -> None:
    key = writes.some(Product(product_id="p"), ["price"]).key
    assert read(NewRecord(key, None)).applied_to(Value("p", "Kettle", price=9.0)) == Value(
        "p", "Kettle", price=9.0
    )


def test_every_field_has_a_key_of_its_own() -> None:
    records = [writes.some(Product(product_id="p"), [field]) for field in WHOLE_FIELDS]
    assert len({"p", *(record.key for record in records)}) == len(WHOLE_FIELDS) + 1
    assert [read(record).fields for record in records] == [(field,) for field in WHOLE_FIELDS]


def test_every_field_of_a_product_can_be_replaced() -> None:
    every = Value(
        "p", "Kettle", "variant", "q", "d", ("b",), ("c",), 1.0, 2.0, "EUR", "preorder", 3, 4.0, 5,
        "12345678", "s", "u", ("i",), {"a": ("x",)}, ("t",), 6.0, 7.0, 8.0, "en",
    )  # fmt: skip
    assert with_fields(Value("p", "Old"), every, WHOLE_FIELDS) == every


@pytest.mark.parametrize("record", [NewRecord("p", b"\xff"), NewRecord("p\x00colour", b"")])
def test_what_cannot_be_read_is_named_by_its_place(record: NewRecord) -> None:
    with pytest.raises(ValueError, match=r"aisle\.catalog 1"):
        read(record)


def test_some_fields_are_one_write() -> None:
    message = Product(product_id="p", title="Kettle", price=Price(amount=4), tags=["new"])
    message.attributes["color, of all"].text.append("red")
    write = read(writes.some(message, ["price.amount", "attributes.color, of all", "tags"]))
    before = Value(
        "p", "Old", price=9.0, original_price=12.0, currency_code="EUR", attributes={"size": (4.0,)}
    )
    assert write.applied_to(before) == replace(
        before, price=4.0, tags=("new",), attributes={"size": (4.0,), "color, of all": ("red",)}
    )


def test_an_attribute_that_is_absent_is_taken_away() -> None:
    write = read(writes.some(Product(product_id="p"), ["attributes.size"]))
    before = Value("p", "Kettle", attributes={"size": (4.0,), "color": ("red",)})
    assert write.applied_to(before) == replace(before, attributes={"color": ("red",)})


def test_a_price_of_nothing_is_a_price() -> None:
    message = Product(product_id="p", price=Price())
    write = read(writes.some(message, expanded(message, ["price"])))
    assert write.applied_to(Value("p", "Kettle", price=9.0, currency_code="EUR")) == Value(
        "p", "Kettle", price=0.0, currency_code="EUR"
    )


@pytest.mark.parametrize(
    ("message", "path", "members"),
    [
        (Product(price=Price(amount=4)), "price", ["price.amount"]),
        (
            Product(price=Price(amount=4, original_amount=0)),
            "price",
            ["price.amount", "price.original_amount"],
        ),
        (Product(), "price", ["price"]),
        (Product(rating=Rating(average=4, count=2)), "rating", ["rating.average", "rating.count"]),
        (Product(), "attributes", ["attributes"]),
        (Product(attributes={"b": AttributeValues()}), "attributes", ["attributes.b"]),
        (Product(), "price.currency_code", ["price.currency_code"]),
    ],
)
def test_a_field_stands_for_the_members_that_are_sent(
    message: Product, path: str, members: list[str]
) -> None:
    assert expanded(message, [path, path]) == members


def test_a_removal_leaves_a_record_that_outlives_the_next_product() -> None:
    records = writes.removals(["p"])
    assert len({record.key for record in records}) == 2
    assert [read(record) for record in records] == [Write("p", None), Write("p", None)]
    assert all(read(record).is_removal for record in records)


def test_a_record_of_the_version_before_replaces_a_whole_price() -> None:
    record = NewRecord("p\x00price", Product(product_id="p", price=Price(amount=4)).SerializeToString())
    assert read(record).applied_to(Value("p", "Kettle", price=9.0, currency_code="EUR")) == Value(
        "p", "Kettle", price=4.0
    )
