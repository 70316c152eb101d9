import pytest

from services.retrieval.spelling import Spelling
from shared.caller import Caller, CallerLeft
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

TITLES = ["Bluetooth speaker", "Bluetooth headphones", "Headphones", "Samsung laptop", "Kettle", "kettle",
          "Coffee table", "coffee mug", "table lamp", "MacBook Pro", "Straße café",
          "T-shirt red", "AA battery", "Toner TN-2110",
          "Wireless keyboard", "Tablet"]  # fmt: skip


@pytest.fixture(scope="module")
def spelling(open_shared_snapshot: OpenSnapshot) -> Spelling:
    return open_shared_snapshot(
        [Product(f"p{n}", title, description="a gizmo") for n, title in enumerate(TITLES)]
    ).spelling


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("bluetoth speeker", "bluetooth speaker"),
        ("lapotp", "laptop"),
        ("wirless  keybaord!", "wireless  keyboard!"),
        ("heaphnes", "headphones"),
        ("Kettel", "kettle"),
        ("coffeetable", "coffee table"),
        ("macbookpro", "macbook pro"),
        ("samsunglaptop kettle", "samsung laptop kettle"),
    ],
)
def test_an_unknown_word_becomes_its_clear_neighbour(
    spelling: Spelling,
    typed: str,
    searched: str,
) -> None:
    assert spelling.correct(typed) == searched


def test_parts_of_compounds_and_new_compounds_are_known_words(open_snapshot: OpenSnapshot) -> None:
    titles = ("Gartenschere", "Schwere Decke", "Küchenlampe", "Gartentisch")
    products = [Product(f"p{n}", title, language_code="de") for n, title in enumerate(titles)]
    spelling = open_snapshot(products).spelling
    for typed in ("Schere", "scheren", "Küchentisch", "gartenlampen"):
        assert spelling.correct(typed) == typed
    assert spelling.correct("gartenschre") == "gartenschere"


@pytest.mark.parametrize(
    "typed",
    ["kettles", "gizmo", "tn-2111", "dv7-1211ea", "4gbb", "aaa", "mac book pro", "tshirt",
     "xyzzyxyzzy", "STRASSE", "cafe", "小さい", "", "42.3", "speaker's"],
)  # fmt: skip
def test_known_words_numbers_codes_and_strangers_are_left_alone(spelling: Spelling, typed: str) -> None:
    assert spelling.correct(typed) == typed


def test_a_doubled_letter_is_corrected_whatever_it_goes_with(spelling: Spelling) -> None:
    assert spelling.correct("kettlle laptop") == "kettle laptop"
    assert spelling.correct("kettel laptop") == "kettel laptop"


def test_one_letter_of_a_long_word_is_corrected_whatever_it_goes_with(spelling: Spelling) -> None:
    assert spelling.correct("headphnoes laptop") == "headphones laptop"
    assert spelling.correct("haedphnoes laptop") == "haedphnoes laptop"


def test_pieces_are_of_one_products_name(spelling: Spelling) -> None:
    assert spelling.in_one("macbookpro") == "macbook pro"
    assert spelling.in_one("macbookmug") is None
    assert spelling.in_one("a" * 1_000) is None
    assert spelling.near.pieces("speakerredtoner") == ["speaker", "red", "toner"]


def test_a_piece_between_others_may_have_two_letters(open_snapshot: OpenSnapshot) -> None:
    titles = ("House of Cards", "Tea or Toast", "Lamp to go", "An orderly desk", "Cards")
    spelling = open_snapshot([Product(f"p{n}", title) for n, title in enumerate(titles)]).spelling
    assert spelling.correct("houseofcards") == "house of cards"
    assert spelling.correct("teaortoast") == "tea or toast"
    for typed in ("lampto", "tolamp", "lampgo", "houseoftea", "houseorcards", "anorderly"):
        assert spelling.correct(typed) == typed


def test_words_of_other_languages_are_left_alone(open_snapshot: OpenSnapshot) -> None:
    titles = ("Label maker", "Rifle sling", "Panel", "House", "Guarantee card", "Lever")
    spelling = open_snapshot([Product(f"p{n}", title) for n, title in enumerate(titles)]).spelling
    for typed in ("Kabel", "housse", "leder", "garantie"):
        assert spelling.correct(typed) == typed
    assert spelling.correct("lebel") == "label"


def test_of_one_query_ten_words_are_looked_up(spelling: Spelling) -> None:
    strangers = ["abcdq" + letter for letter in "bcdfghjkl"]
    assert spelling.correct(" ".join([*strangers, "bluetoth", "speeker"])).split()[-2:] == [
        "bluetooth",
        "speeker",
    ]


def test_a_word_that_comes_again_is_looked_up_once(spelling: Spelling) -> None:
    assert spelling.correct(" ".join(["bluetoth", "or"] * 20)) == " ".join(["bluetooth", "or"] * 20)


def test_no_word_is_looked_up_for_a_caller_who_has_left(spelling: Spelling) -> None:
    caller = Caller()
    caller.leave()
    with pytest.raises(CallerLeft):
        spelling.correct("bluetoth", caller)


def test_the_only_near_word_that_several_products_have_is_meant(open_snapshot: OpenSnapshot) -> None:
    titles = [f"Kinect game {number}" for number in ("one", "two", "three", "four", "five")]
    alone = open_snapshot([Product(t, t) for t in [*titles, "Xbox pad"]], version="alone").spelling
    assert alone.correct("xbox konect") == "xbox kinect"
    few = open_snapshot([Product(t, t) for t in [*titles[:4], "Xbox pad"]], version="few").spelling
    assert few.correct("xbox konect") == "xbox konect"
    two = open_snapshot([Product(t, t) for t in [*titles, "Xbox pad", "Connect"]], version="two").spelling
    assert two.correct("xbox konnect") == "xbox konnect"


def test_a_name_near_to_the_only_word_is_not_meant(open_snapshot: OpenSnapshot) -> None:
    things = ("chips", "table", "cards", "dice", "wheel")
    titles = [f"{word} {thing}" for word in ("Casino", "Lorries") for thing in things]
    shop = open_snapshot([Product(t, t) for t in [*titles, "Wrist watch"]]).spelling
    for typed in ("casio watch", "torries watch"):
        assert shop.correct(typed) == typed
    assert shop.correct("lorrees watch") == "lorries watch"


def test_units_are_left_alone(open_snapshot: OpenSnapshot) -> None:
    shop = open_snapshot([Product(t, t) for t in ("Lamps with a fuse", "Bag of 5 kg")]).spelling
    assert shop.correct("10 amps fuse") == "10 amps fuse"
