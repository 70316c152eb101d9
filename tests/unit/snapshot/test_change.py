import numpy as np
import pytest

from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.events.log import Record
from shared.snapshot.change import NOTHING, Change, Encoding, from_record, to_record

KETTLE = Product("p1", "Kettle", price=9.99, tags=("new",))
ENCODING = Encoding(np.array([0.5, -1], np.float16), np.array([[1, -2, 3], [4, 5, -127]], np.int8))


def crossed(change: Change) -> Change:
    record = to_record(change)
    return from_record(Record(7, record.key, record.value, 0.0))


def test_a_change_crosses_the_log_whole() -> None:
    change = crossed(Change.of(3, KETTLE, {"a": ENCODING, "b": ENCODING}))
    assert (change.offset, change.catalog_offset, change.product_id, change.product) == (
        7,
        3,
        "p1",
        KETTLE,
    )
    assert change.payload == to_bytes(KETTLE) and list(change.encodings) == ["a", "b"]
    np.testing.assert_array_equal(change.encodings["b"].vector, ENCODING.vector)
    np.testing.assert_array_equal(change.encodings["b"].states, ENCODING.states)


def test_a_product_without_states_has_none_afterwards() -> None:
    vector = Encoding(ENCODING.vector, np.zeros((0, 0), np.int8))
    assert len(crossed(Change.of(3, KETTLE, {"a": vector})).encodings["a"].states) == 0


def test_a_product_that_is_gone_is_no_product() -> None:
    gone = crossed(Change(3, "p1"))
    assert (gone.product_id, gone.product, gone.payload) == ("p1", None, b"")


def test_a_position_alone_changes_nothing() -> None:
    nothing = crossed(Change(9))
    assert (nothing.product_id, nothing.catalog_offset) == (NOTHING, 9)


def test_what_cannot_be_read_is_named_by_its_place() -> None:
    with pytest.raises(ValueError, match=r"aisle\.vectors 7 of 'p1'"):
        from_record(Record(7, "p1", b"\xff\xff", 0.0))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_no_change(number: float) -> None:
    broken = Encoding(np.array([0.5, number], np.float16), ENCODING.states)
    with pytest.raises(
        ValueError, match=r"aisle\.vectors 7 of 'p1': a vector has numbers that are not finite"
    ):
        crossed(Change.of(3, KETTLE, {"a": broken}))


def test_a_record_without_a_value_is_no_removal() -> None:
    with pytest.raises(ValueError, match="it has no value"):
        from_record(Record(7, "p1", None, 0.0))


@pytest.mark.parametrize(
    ("dim", "state_dim", "fits"), [(2, 3, True), (2, None, True), (3, 3, False), (2, 4, False)]
)
def test_an_encoding_of_other_sizes_than_the_snapshots_is_named_and_left_out(
    dim: int, state_dim: int | None, fits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    change = crossed(Change.of(3, KETTLE, {"a": ENCODING}))
    assert (change.encoding("a", dim, state_dim) is not None) is fits
    assert ("aisle.vectors 7 of 'p1'" in caplog.text) is not fits
    assert change.encoding("b", dim, state_dim) is None
