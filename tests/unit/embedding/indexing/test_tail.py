from pathlib import Path

import pytest

from services.embedding.indexing.tail import Tail
from shared.catalog.product import Product
from shared.events.log import Record
from shared.snapshot.change import Change, to_record
from shared.snapshot.generation import Positions
from tests.unit.embedding.indexing.letter_encoder import changed


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(tmp_path, Positions(catalog=50, vectors=5))


def add(tail: Tail, offset: int, change: Change) -> None:
    record = to_record(change)
    tail.add(Record(offset, record.key, record.value, time_seconds=float(offset)))


def title(tail: Tail, product_id: str) -> str | None:
    change = tail.get(product_id)
    return change.product.title if change and change.product else None


def test_the_newest_change_of_a_product_counts(tail: Tail) -> None:
    for offset, name in ((6, "red"), (7, "redder")):
        add(tail, offset, changed(Product("p", name), catalog_offset=50 + offset))
    assert title(tail, "p") == "redder" and tail.get("q") is None
    assert [change.product_id for change in tail.changes()] == ["p"]
    assert (tail.end, tail.record_count, tail.began_seconds) == (Positions(57, 7), 2, 6.0)


def test_a_removal_is_a_change(tail: Tail) -> None:
    add(tail, 6, changed(Product("p", "red")))
    add(tail, 7, changed("p"))
    change = tail.get("p")
    assert change and change.product is None and tail.has_changes


def test_a_position_alone_is_no_change(tail: Tail) -> None:
    add(tail, 9, Change(70))
    assert (tail.end, tail.has_changes) == (Positions(70, 9), False)


def test_positions_of_the_catalogue_never_go_back(tail: Tail) -> None:
    add(tail, 6, changed(Product("p", "red"), catalog_offset=3))
    assert tail.end == Positions(50, 6)


def test_a_record_that_cannot_be_read_is_passed_over(tail: Tail) -> None:
    tail.add(Record(6, "p", b"\xff\xff", 0.0))
    assert (tail.end, tail.has_changes) == (Positions(50, 6), False)


def test_a_frozen_copy_stays_as_it_was(tail: Tail) -> None:
    add(tail, 6, changed(Product("p", "red")))
    frozen = tail.frozen()
    add(tail, 7, changed(Product("p", "redder")))
    add(tail, 8, changed(Product("q", "blue")))
    assert (title(frozen, "p"), title(frozen, "q"), frozen.end.vectors) == ("red", None, 6)
    assert (title(tail, "p"), title(tail, "q"), tail.end.vectors) == ("redder", "blue", 8)


def test_nothing_is_left_on_the_disk(tail: Tail, tmp_path: Path) -> None:
    add(tail, 6, changed(Product("p", "red")))
    assert list(tmp_path.iterdir()) == []
