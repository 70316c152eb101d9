from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.embedding.indexing.changes import ChangeMaker
from services.embedding.indexing.draft import Draft
from services.embedding.indexing.state import CatalogState
from shared.catalog.product import Product
from shared.catalog.writes import Write
from shared.snapshot.change import NOTHING, Change
from shared.snapshot.variants import Variants
from tests.unit.embedding.indexing.letter_encoder import (
    VERSION,
    LetterEncoder,
    changed,
    generation_of,
    letter_indexer,
    letters_of,
    tail_of,
    titled,
)

RED, BLUE = titled("red kettle", "blue teapot")
MAKER = ChangeMaker(lambda product: product.title)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A snapshot of the red kettle, and the blue teapot written since."""
    letter_indexer(tmp_path).run([RED])
    return tmp_path


def state(data: Path, trusted: bool = True) -> CatalogState:
    return CatalogState(generation_of(data), tail_of(data, changed(BLUE)), trusted)


class Outcome:
    """What some writes change, and what was encoded for it."""

    def __init__(self, known: CatalogState, *writes: Write, versions: tuple[str, ...] = (VERSION,)) -> None:
        encoders = {version: LetterEncoder() for version in versions}
        draft = Draft(known)
        self.reasons = [reason for write in writes if (reason := draft.take(write))]
        products = {product_id: draft.product(product_id) for product_id in draft.product_ids}
        self.changes = MAKER.changes(products, known, encoders, start=10, end=20)
        self.encoded = {version: encoder.texts for version, encoder in encoders.items() if encoder.texts}

    @property
    def only(self) -> Change:
        (change,) = self.changes
        return change


def write(product: Product, field: str = "") -> Write:
    return Write(product.product_id, product, (field,) if field else ())


@pytest.mark.parametrize("product", [RED, BLUE])
def test_another_price_keeps_vector_and_states(data: Path, product: Product) -> None:
    outcome = Outcome(state(data), write(replace(product, price=1.0), "price"))
    assert outcome.encoded == {} and outcome.only.product == replace(product, price=1.0)
    kept = outcome.only.encodings[VERSION]
    np.testing.assert_array_equal(kept.vector, letters_of(product.title).vector)
    np.testing.assert_array_equal(kept.states, letters_of(product.title).states)


def test_a_whole_product_with_the_same_text_is_not_encoded_either(data: Path) -> None:
    outcome = Outcome(state(data), write(replace(RED, tags=("new",), price=1.0)))
    assert outcome.encoded == {} and outcome.only.product == replace(RED, tags=("new",), price=1.0)


def test_a_new_text_is_encoded(data: Path) -> None:
    outcome = Outcome(
        state(data), write(replace(RED, title="red teakettle")), write(Product("new", "green cup"))
    )
    assert outcome.encoded == {VERSION: ["red teakettle", "green cup"]}
    vectors = [change.encodings[VERSION].vector for change in outcome.changes]
    np.testing.assert_array_equal(
        vectors, [letters_of("red teakettle").vector, letters_of("green cup").vector]
    )


def test_several_writes_of_a_product_are_one_change(data: Path) -> None:
    writes = [
        write(Product("new", "green cup", price=1.0)),
        write(Product("new", "", price=2.0), "price"),
    ]
    outcome = Outcome(state(data), *writes, write(Product("new", "green mug"), "title"))
    assert outcome.only.product == Product("new", "green mug", price=2.0)
    assert outcome.encoded == {VERSION: ["green mug"]}


def test_what_changes_nothing_moves_the_position_alone(data: Path) -> None:
    writes = [
        write(RED),
        Write("never there", None),
        write(Product("nobody", "", price=1.0), "price"),
    ]
    outcome = Outcome(state(data), *writes)
    assert (outcome.only.product_id, outcome.only.catalog_offset) == (NOTHING, 20)
    assert outcome.encoded == {}


def test_a_removal_and_what_follows_it_are_as_they_were_written(data: Path) -> None:
    gone = Outcome(state(data), Write(RED.product_id, None)).only
    assert (gone.product_id, gone.product) == (RED.product_id, None)
    back = Outcome(state(data), Write(RED.product_id, None), write(replace(RED, price=1.0)))
    assert back.only.product == replace(RED, price=1.0) and back.encoded == {}


def test_only_the_last_change_stands_for_the_end(data: Path) -> None:
    writes = [Write(each.product_id, None) for each in (RED, BLUE)]
    outcome = Outcome(state(data), *writes, write(Product("x", "x")))
    assert [change.catalog_offset for change in outcome.changes] == [
        10,
        10,
        20,
    ]


def test_a_second_encoder_makes_its_own_of_every_change(data: Path) -> None:
    outcome = Outcome(state(data), write(replace(RED, price=1.0)), versions=(VERSION, "new@1"))
    assert outcome.encoded == {"new@1": ["red kettle"]} and set(outcome.only.encodings) == {
        VERSION,
        "new@1",
    }


def test_a_product_that_a_second_encoder_has_not_seen_is_changed_by_any_write(data: Path) -> None:
    outcome = Outcome(state(data), write(RED), versions=(VERSION, "new@1"))
    assert outcome.encoded == {"new@1": ["red kettle"]}


def test_an_encoder_that_is_no_longer_used_is_left_out(data: Path) -> None:
    outcome = Outcome(state(data), write(replace(RED, price=1.0)), versions=("new@1",))
    assert list(outcome.only.encodings) == ["new@1"]


def test_encodings_of_another_composition_of_texts_are_not_kept(data: Path) -> None:
    writes = [write(replace(each, price=1.0)) for each in (RED, BLUE)]
    outcome = Outcome(state(data, trusted=False), *writes)
    assert outcome.encoded == {VERSION: ["red kettle", "blue teapot"]}


def test_what_was_cut_off_and_is_done_again_comes_to_the_same(data: Path) -> None:
    writes = [
        write(replace(RED, price=1.0), "price"),
        write(Product("new", "green cup")),
        Write(BLUE.product_id, None),
    ]
    first = Outcome(state(data), *writes).changes
    tail = tail_of(data, changed(BLUE), first[0], first[1])
    known = CatalogState(generation_of(data), tail, True)
    again = Outcome(known, *writes)
    assert again.encoded == {}
    assert [(change.product_id, change.product, change.catalog_offset) for change in again.changes] == [
        (BLUE.product_id, None, 20)
    ]


def test_a_field_of_a_product_that_is_not_there_says_so(data: Path) -> None:
    outcome = Outcome(state(data), Write("red", None), write(replace(RED, price=1.0), "price.amount"))
    assert outcome.only.product is None
    assert outcome.reasons == ["product_id: there is no product 'red'; send the whole product"]


def test_a_field_that_makes_a_product_invalid_changes_nothing(data: Path) -> None:
    """By the product as it is written then, whatever was shown when the write came."""
    variant = replace(RED, type="variant", primary_product_id="blu")
    writes = [
        write(variant),
        write(RED),
        write(variant, "type"),
        write(replace(RED, price=1.0), "price.amount"),
    ]
    outcome = Outcome(state(data), *writes)
    assert outcome.only.product == replace(RED, price=1.0)
    assert len(outcome.reasons) == 1
    assert outcome.reasons[0].startswith("primary_product_id: is missing")


def test_a_product_that_becomes_too_large_stays_as_it_was(data: Path) -> None:
    large = {f"k{number}": ("z" * 19_000,) for number in range(40)}
    more = replace(RED, tags=("t" * 2_000,) * 100)
    writes = (write(replace(RED, attributes=large), "attributes"), write(more, "tags"))
    outcome = Outcome(state(data), *writes)
    assert outcome.only.product == replace(RED, attributes=large)
    assert len(outcome.reasons) == 1 and outcome.reasons[0].startswith("product: has 9")


def test_a_primary_product_takes_its_variants_with_it(tmp_path: Path) -> None:
    """Those of the snapshot, those written since, and those in the same batch.

    Not those of another product by then.
    """
    shirt, *sizes = (
        Product(name, f"{name} shirt", "variant", "shirt") for name in ("shirt", "s", "m", "l", "xl")
    )
    letter_indexer(tmp_path).run(
        [replace(shirt, type="primary", primary_product_id=""), sizes[0], sizes[1], RED]
    )
    moved = replace(sizes[1], primary_product_id="red")
    tail = tail_of(tmp_path, changed(moved), changed(sizes[2]))
    known = CatalogState(generation_of(tmp_path), tail, True)
    outcome = Outcome(known, write(sizes[3]), Write("shirt", None))
    assert {change.product_id: change.product for change in outcome.changes} == {
        "shirt": None,
        "s": None,
        "l": None,
    }


def test_the_variants_of_a_snapshot_of_the_version_before_are_found_too(tmp_path: Path) -> None:
    small = Product("s", "small shirt", "variant", "shirt")
    letter_indexer(tmp_path).run([Product("shirt", "shirt"), small])
    without_files = Variants(tmp_path, generation_of(tmp_path).products)
    assert without_files.of("shirt") == generation_of(tmp_path).variants.of("shirt") == ["s"]
