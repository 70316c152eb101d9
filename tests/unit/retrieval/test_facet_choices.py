"""What a facet counts when its own values are chosen, and which of its values it shows."""

import math

import numpy as np
import pytest

from services.retrieval import counting, facets
from services.retrieval.candidates import Candidates
from services.retrieval.facet_ranges import round_ranges, roundest
from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter, Group, Tree
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

PRODUCTS = [
    Product(
        f"p{number}",
        "Oak shelf" if number % 2 else "Oak stool",
        brands=(brand,),
        categories=(path,),
        price=price,
        attributes={"finish": (finish,), "widths": widths},
    )
    for number, (brand, path, price, finish, widths) in enumerate(
        [
            ("Ménage", "Living > Shelves > Wall", 12.0, "waxed", (30.0, 32.0)),
            ("Ménage", "Living > Shelves", 18.5, "oiled", (30.0,)),
            ("Holm", "Living > Stools", 30.0, "oiled", (45.0,)),
            ("Holm", "Kitchen > Stools", 44.0, "waxed", (45.0, 80.0)),
            ("Menta", "Kitchen", 99.0, "raw", (81.0,)),
        ]
    )
]
OILED = Filter("attributes.finish", AnyOf(("oiled",)))


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    return open_shared_snapshot(PRODUCTS)


def found(snapshot: Snapshot, *filters: Tree, words: str = "", **facet: object) -> Candidates:
    wanted = FacetRequest(**{"field": "attributes.finish", **facet})  # type: ignore[arg-type]
    return Retriever().retrieve(snapshot, Request(words, filters=filters, facets=(wanted,)))


def counts(snapshot: Snapshot, *filters: Tree, words: str = "", **facet: object) -> dict[str, int]:
    return dict(found(snapshot, *filters, words=words, **facet).facets[0].values)


@pytest.mark.parametrize("query", ["", "oak"])
def test_the_values_beside_a_chosen_one_keep_their_counts(snapshot: Snapshot, query: str) -> None:
    page = found(snapshot, OILED, words=query)
    assert dict(page.facets[0].values) == {"oiled": 2, "waxed": 2, "raw": 1} and page.total_count == 2


def test_facets_of_many_products_are_counted_side_by_side(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tuple(FacetRequest(field) for field in ("brands", "attributes.finish", "price"))
    request = Request("oak", filters=(OILED,), facets=wanted)
    one_by_one = Retriever().retrieve(snapshot, request).facets
    monkeypatch.setattr(counting, "_MANY_ROWS", 1)
    assert Retriever().retrieve(snapshot, request).facets == one_by_one
    unknown = Request("oak", facets=(*wanted, FacetRequest("prise")))
    with pytest.raises(InvalidRequest, match="prise"):
        Retriever().retrieve(snapshot, unknown)


def test_the_choice_applies_when_the_facet_keeps_it(snapshot: Snapshot) -> None:
    assert counts(snapshot, OILED, keep_own_filter=True) == {"oiled": 2}


def test_filters_of_other_fields_apply(snapshot: Snapshot) -> None:
    living = Filter("categories", AnyOf(("Living",)))
    assert counts(snapshot, OILED, living) == {"oiled": 2, "waxed": 1}


def test_several_ranges_of_a_field_are_a_choice_as_one_is(snapshot: Snapshot) -> None:
    cheap_or_dear = Group((Filter("price", Between(0, 15)), Filter("price", Between(90, 100))), every=False)
    page = found(snapshot, cheap_or_dear, field="price", ranges=(Between(0, 20), Between(20, 50)))
    assert [count for _, count in page.facets[0].ranges] == [2, 2] and page.total_count == 2


@pytest.mark.parametrize(
    "filter_",
    [
        Filter("attributes.finish", AnyOf(("raw",)), negate=True),
        Group((OILED, Filter("attributes.finish", AnyOf(("waxed",)))), every=False, negate=False),
        Group((OILED, Filter("brands", AnyOf(("holm",)))), every=False),
    ],
)
def test_what_is_no_choice_among_the_fields_own_values_applies(snapshot: Snapshot, filter_: Tree) -> None:
    chosen = isinstance(filter_, Group) and all(
        isinstance(part, Filter) and part.field == OILED.field for part in filter_.parts
    )
    assert ("raw" in counts(snapshot, filter_)) == chosen


def test_that_some_value_is_there_is_no_choice(snapshot: Snapshot) -> None:
    page = found(snapshot, Filter("attributes.gloss", Exists(True)), field="attributes.gloss")
    assert page.facets[0].values == () and page.total_count == 0


def test_an_attribute_that_no_product_has_is_an_empty_facet_and_a_note(
    snapshot: Snapshot,
) -> None:
    page = found(snapshot, field="attributes.finsh")
    assert page.facets == (facets.Facet("attributes.finsh", ()),)
    assert page.notes[0].startswith("facets: no product has 'attributes.finsh'; did you mean")


@pytest.mark.parametrize(
    ("parent", "below"),
    [
        ("", {"Living": 3, "Kitchen": 2}),
        ("living", {"Living > Shelves": 2, "Living > Stools": 1}),
        ("Living>Shelves", {"Living > Shelves > Wall": 1}),
        ("Kitchen > Stools", {}),
    ],
)
def test_a_category_counts_the_levels_right_below_it(
    snapshot: Snapshot, parent: str, below: dict[str, int]
) -> None:
    assert counts(snapshot, field="categories", parent=parent) == below


def test_a_chosen_category_leaves_the_ones_beside_it(snapshot: Snapshot) -> None:
    chosen = Filter("categories", AnyOf(("Living > Shelves",)))
    below = counts(snapshot, chosen, field="categories", parent="Living")
    assert below == {"Living > Shelves": 2, "Living > Stools": 1}


def test_values_are_searched_without_regard_to_case_and_accents(snapshot: Snapshot) -> None:
    assert counts(snapshot, field="brands", query="MEN") == {"Ménage": 2, "Menta": 1}
    assert counts(snapshot, field="brands", query="énag") == {"Ménage": 2}
    assert counts(snapshot, field="price", query="8.") == {"18.5": 1}


def test_a_search_in_a_facet_returns_the_most_frequent_that_match(snapshot: Snapshot) -> None:
    assert counts(snapshot, field="brands", query="m", limit=1) == {"Holm": 2}
    assert counts(snapshot, field="brands", query="me", limit=1) == {"Ménage": 2}


def test_a_product_counts_once_in_a_range_of_several_of_its_numbers(snapshot: Snapshot) -> None:
    ranges = (Between(0, 40), Between(40, 80, without_high=True), Between(40, 80))
    page = found(snapshot, field="attributes.widths", ranges=ranges)
    assert [count for _, count in page.facets[0].ranges] == [2, 2, 2]


def test_a_range_counts_what_a_filter_on_it_finds(snapshot: Snapshot) -> None:
    for counted, count in found(snapshot, field="price", range_count=3).facets[0].ranges:
        assert found(snapshot, Filter("price", counted)).total_count == count


def test_made_ranges_are_round_and_hold_about_as_many_products_each() -> None:
    rng = np.random.default_rng(3)
    numbers, how_many = np.unique(np.round(rng.lognormal(4, 0.7, 5_000), 2), return_counts=True)
    ranges = round_ranges(numbers, how_many, 5)
    assert [each.high for each in ranges] == [30, 50, 70, 100, math.inf]
    held = [int(how_many[each.holds(numbers)].sum()) for each in ranges]
    assert sum(held) == 5_000 and min(held) > 500


def test_a_number_that_most_products_have_makes_fewer_ranges() -> None:
    assert len(round_ranges(np.array([1.0, 7.0]), np.array([99, 1]), 10)) == 1
    assert round_ranges(np.array([]), np.array([], np.int64), 10) == ()


@pytest.mark.parametrize(
    ("low", "high", "end"),
    [
        (18, 23, 20),
        (0.11, 0.17, 0.15),
        (1_040, 1_730, 1_500),
        (-23, -18, -20),
        (-1, 1, 0),
        (7.3, 7.3, 7.3),
    ],
)
def test_the_roundest_number_between_two(low: float, high: float, end: float) -> None:
    assert roundest(low, high) == end


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"field": "brands", "parent": "A"}, "facets.parent: brands has no levels"),
        ({"field": "price", "range_count": 101}, "facets.ranges: too many for price"),
    ],
)
def test_a_facet_that_cannot_be_counted_names_what_is_wrong(wanted: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        FacetRequest(**wanted)  # type: ignore[arg-type]
