"""A file that is the whole catalogue."""

from pathlib import Path

import pytest

from services.embedding.indexing.sweep import Sweep
from shared.artifacts import current
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.snapshot.generation import snapshots_of
from tests.unit.embedding.indexing.letter_encoder import (
    changed,
    generation_of,
    letter_indexer,
    products_of,
    tail_of,
    titled,
)

RED, BLUE, GREEN, BOWL = titled("red kettle", "blue teapot", "green cup", "big bowl")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A snapshot of three products; since then the big bowl was written."""
    letter_indexer(tmp_path).run([RED, BLUE, GREEN])
    return tmp_path


def ids(data: Path) -> set[str]:
    return {product.product_id for product in products_of(data)}


def sweep(*kept: str, large: bool = False, unreadable: int = 0) -> Sweep:
    return Sweep(lambda: kept, large, lambda: unreadable)


def test_what_the_file_does_not_have_goes(data: Path) -> None:
    report = letter_indexer(data).run([RED, BLUE], sweep=sweep())
    assert ids(data) == {"red", "blu"} and (report.swept_count, report.product_count) == (1, 2)


def test_what_was_written_since_and_is_not_in_the_file_goes_too(data: Path) -> None:
    tail = tail_of(data, changed(BOWL), changed("gre"))
    report = letter_indexer(data).run([RED, BLUE, Product("new", "new mug")], tail, sweep=sweep(large=True))
    assert ids(data) == {"red", "blu", "new"}
    assert report.swept_count == 1  # the green cup was removed before


def test_a_product_that_could_not_be_read_stays_as_it_was(data: Path) -> None:
    letter_indexer(data).run([RED, BLUE], sweep=sweep("gre", "nobody"))
    assert ids(data) == {"red", "blu", "gre"}


def test_more_than_half_does_not_go_by_mistake(data: Path) -> None:
    before = current(snapshots_of(data))
    with pytest.raises(InvalidRequest, match=r"--replace: 2 of 3 products .* --allow-large-removal"):
        letter_indexer(data).run([RED], sweep=sweep())
    assert current(snapshots_of(data)) == before and len(generation_of(data).products) == 3
    letter_indexer(data).run([RED], sweep=sweep(large=True))
    assert ids(data) == {"red"}


def test_the_first_file_removes_nothing(tmp_path: Path) -> None:
    assert letter_indexer(tmp_path).run([RED], sweep=sweep()).swept_count == 0


def test_nothing_goes_that_a_row_may_mean_which_could_not_be_read(data: Path) -> None:
    with pytest.raises(
        InvalidRequest, match=r"1 of 3 products .* 2 of its rows could not be read .* --allow-large"
    ):
        letter_indexer(data).run([RED, BLUE], sweep=sweep(unreadable=2))
    assert ids(data) == {"red", "blu", "gre"}
    letter_indexer(data).run([RED, BLUE, GREEN], sweep=sweep(unreadable=2))  # nothing is missing
    letter_indexer(data).run([RED, BLUE], sweep=sweep(unreadable=2, large=True))
    assert ids(data) == {"red", "blu"}
