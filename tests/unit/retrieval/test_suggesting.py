"""Which corrections are offered, and which are applied."""

from dataclasses import replace

import pytest

from services.retrieval import reading
from services.retrieval.reading import Reading
from services.retrieval.reading_catalog import catalog_of
from services.retrieval.snapshots import Snapshot
from services.retrieval.suggesting import Suggestions
from services.retrieval.synonyms import parsed
from shared.caller import PATIENT, Caller, CallerLeft
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

TITLES = [
    *(f"Bluetooth speaker {number}" for number in range(24)),
    *(f"Canon toner {number}" for number in range(12)),
    "Bluetoth lamp",
    "Bluetoth speaker",
    "Canton loudspeaker",
    "Caton shelf",
    "Tent for two",
    "Tent for four",
    "Table lamp",
    "Coffee table",
    "Head cover and a light headlamp",
    "Hooked rug",
]
BRANDS = {"Canton loudspeaker": ("Canton & Sons",)}
ATTRIBUTES = {"Table lamp": {"hooded": ("yes",)}}


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    """The encoder knows dent and tale."""
    opened = open_shared_snapshot(
        [
            Product(f"p{place}", title, brands=BRANDS.get(title, ()), attributes=ATTRIBUTES.get(title, {}))
            for place, title in enumerate(TITLES)
        ]
    )
    spelling = replace(opened.spelling, encoder_words=frozenset(("dent", "tale", "rest")))
    return replace(opened, spelling=spelling)


def read(snapshot: Snapshot, query: str, *as_typed: str, rules: str = "") -> Reading:
    return reading.read(query, as_typed, catalog_of(snapshot, parsed(rules)[0]), PATIENT)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("bluetoth", "bluetooth"),  # in two products, its neighbour in 24
        ("Bluetoth speaker", "bluetooth speaker"),
        ("bluetoth lamp", ""),  # no product has both words so
        ("caton toner", "canon toner"),
        ("caton shelf", ""),
        ("canton", ""),  # a brand
        ("dent", "tent"),
        ("dent for a shelf", ""),
        ("tale lamp", ""),  # one product is not enough
        ("loudspeaker tend", "loudspeaker tent"),  # not applied: no product has both
        ("hooded", ""),  # as many are found by the attribute
        ("table", ""),
        ("canon 12", ""),
        ("xq-74", ""),
        ("", ""),
    ],
)
def test_a_correction_that_is_not_sure_is_offered(snapshot: Snapshot, typed: str, offered: str) -> None:
    found = read(snapshot, typed)
    assert (found.query, found.suggested) == (typed, offered)


def test_what_is_corrected_is_not_offered_as_well(snapshot: Snapshot) -> None:
    assert (read(snapshot, "speeker").query, read(snapshot, "speeker").suggested) == ("speaker", "")
    both = read(snapshot, "bluetoth speeker")
    assert (both.query, both.suggested) == ("bluetoth speaker", "bluetooth speaker")


def test_an_offer_keeps_the_limits_of_the_query(snapshot: Snapshot) -> None:
    assert read(snapshot, "bluetoth under $50").suggested == "bluetooth under $50"


@pytest.mark.parametrize("kind", ["correction", "all"])
def test_nothing_is_offered_for_words_that_are_to_stand(snapshot: Snapshot, kind: str) -> None:
    catalog = catalog_of(snapshot, corrects=False)
    found = reading.read("bluetoth speeker", (kind,), catalog, PATIENT)
    assert (found.query, found.suggested) == ("bluetoth speeker", "")


def test_words_of_the_shops_synonyms_are_neither_corrected_nor_offered(snapshot: Snapshot) -> None:
    assert read(snapshot, "camon").query == "canon"
    found = read(snapshot, "camon", rules="camon => tent")
    assert (found.query, found.suggested) == ("camon", "")
    assert read(snapshot, "camon", "synonym", rules="camon => tent").query == "canon"


def test_a_word_that_an_attribute_has_is_corrected_only_for_clearly_more(snapshot: Snapshot) -> None:
    assert snapshot.spelling.found_otherwise("hooded") == 1
    assert snapshot.spelling.correct("hooded") == "hooded"


def test_of_one_query_five_words_are_looked_up(snapshot: Snapshot) -> None:
    strangers = [f"abcd{letter}q" for letter in "fghkl"]
    offered = Suggestions(snapshot.spelling, snapshot.products).of
    assert offered(" ".join([*strangers[:4], "bluetoth"])).endswith("bluetooth")
    assert offered(" ".join([*strangers, "bluetoth"])) == ""


def test_nothing_is_looked_up_for_a_caller_who_has_left(snapshot: Snapshot) -> None:
    caller = Caller()
    caller.leave()
    with pytest.raises(CallerLeft):
        Suggestions(snapshot.spelling, snapshot.products).of("bluetoth", caller)
