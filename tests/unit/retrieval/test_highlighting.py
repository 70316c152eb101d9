"""Where the words of a query stand in a product agrees with what the engine finds."""

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from services.retrieval.highlighting import MAX_HIGHLIGHTS, Highlight, Highlighter
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from services.retrieval.synonyms import NONE, Synonyms, parsed
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

SHOE = Product(
    "shoe-1",
    "Café Crème® Running Shoe, 8 GB",
    description="<p>These shoes are &amp; great. </p>" + "Filler here. " * 60 + "A MacBook sleeve, T-Shirts, "
    "20 x 30 cm, RTX 3080. " + "More text. " * 40,
    attributes={"color": ("dark red",), "size": (46.0,), "waterproof": ("true",), "lit": ("no",)},
    sku="QX-77.4L",
    brands=("Nike",),
    categories=("Home > Shoes",),
)
DESK = Product(
    "desk", "木质书桌 白色 電動ドリル", description="<b>晴川</b> 陶瓷花瓶 白色 アクリル", language_code="zh"
)
SCREWS = Product("screws", "Holzschrauben aus Edelstahl", description="Garten, Schlauch", language_code="de")
SOFA = Product("sofa", "Sofa bed, blue", description="A couch with a bed for the guests")
KEYS = Product("keys", "Keyboards", tags=("keyboard", "wood"))
SHOP = (SHOE, DESK, SCREWS, SOFA, KEYS)


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    return open_shared_snapshot(SHOP)


def highlights(
    snapshot: Snapshot, query: str, product: Product, synonyms: Synonyms = NONE
) -> list[Highlight]:
    terms = snapshot.lexical.terms(query, (), synonyms)
    return Highlighter(snapshot.lexical.index.analysis, terms).of(product)


def matched(found: list[Highlight]) -> dict[str, list[str]]:
    """The matched pieces of each field."""
    pieces = {each.field: [piece.text for piece in each.cut.pieces if piece.matched] for each in found}
    return {field: texts for field, texts in pieces.items() if texts}


@pytest.mark.parametrize(
    ("query", "product", "pieces"),
    [
        ("CREME", SHOE, {"title": ["Crème"]}),
        ("a shoe for me", SHOE, {"title": ["Shoe"], "description": ["shoes"], "categories": ["Shoes"]}),
        ("mac book", SHOE, {"description": ["MacBook"]}),
        ("tshirt", SHOE, {"description": ["T-Shirts"]}),
        ("8gb", SHOE, {"title": ["8 GB"]}),
        ("20x30cm", SHOE, {"description": ["20 x 30 cm"]}),
        ("rtx3080", SHOE, {"description": ["RTX 3080"]}),
        ("size 46", SHOE, {"attributes.size": ["46"]}),
        ("waterproof", SHOE, {"attributes.waterproof": ["true"]}),
        ("dark", SHOE, {"attributes.color": ["dark"]}),
        ("qx77", SHOE, {"sku": ["QX-77"]}),
        ("QX774L", SHOE, {"sku": ["QX-77.4L"]}),
        ("白色的书桌", DESK, {"title": ["书桌", "白色"], "description": ["白色"]}),
        ("ドリル", DESK, {"title": ["ドリル"]}),
        ("桌", DESK, {"title": ["桌"]}),
        ("schraube", SCREWS, {"title": ["Holzschrauben"]}),
        ("gartenschlauch", SCREWS, {"description": ["Garten", "Schlauch"]}),
        ("couch", SOFA, {"description": ["couch"]}),
        ("keyboa", KEYS, {"title": ["Keyboa"], "tags": ["keyboa"]}),
        ("lamp", SHOE, {}),
        ("", SHOE, {}),
    ],
)
def test_what_finds_a_product_is_marked(
    snapshot: Snapshot, query: str, product: Product, pieces: dict[str, list[str]]
) -> None:
    found = matched(highlights(snapshot, query, product))
    if query == "ドリル":  # two of its letters are in アクリル, too
        assert "リル" in "".join(found.pop("description"))
    assert found == pieces


def test_a_synonym_is_marked_where_all_of_it_is_held(snapshot: Snapshot) -> None:
    synonyms, _ = parsed("couch, sofa bed")
    found = highlights(snapshot, "couch", SOFA, synonyms)
    assert matched(found) == {"title": ["Sofa", "bed"], "description": ["couch", "bed"]}
    assert matched(highlights(snapshot, "couch", KEYS, synonyms)) == {}


def test_title_and_description_always_come(snapshot: Snapshot) -> None:
    title, description = highlights(snapshot, "lamp", SHOE)
    assert [piece.text for piece in title.cut.pieces] == [SHOE.title]
    assert description.cut.pieces[0].text.startswith("These shoes are & great. Filler")
    assert (description.cut.before, description.cut.after) == (False, True)


def test_no_more_than_some_values_come(snapshot: Snapshot) -> None:
    product = Product("p", "Shoe", tags=tuple(f"shoe {number}" for number in range(300)))
    assert len(highlights(snapshot, "shoe", product)) == MAX_HIGHLIGHTS


def test_of_a_very_long_text_the_beginning_is_read(snapshot: Snapshot) -> None:
    product = Product("p", "shoe " * 20_000, description="<i>" + "x" * 100_000 + " shoe")
    title, description = highlights(snapshot, "shoe", product)
    for cut in (title.cut, description.cut):
        assert sum(len(piece.text) for piece in cut.pieces) <= 1_000
        assert cut.after and not cut.before


WORDS = (
    "shoes",
    "Schuh",
    "red",
    "T-Shirt",
    "MacBook",
    "8 GB",
    "book",
    "mac",
    "Café",
    "书桌白色",
    "the",
    "RTX 3080",
)
TYPED = (
    "shoe",
    "schuhe",
    "reds",
    "tshirt",
    "mac book",
    "8gb",
    "macbook",
    "cafe",
    "白色书桌",
    "the",
    "rtx3080",
    "sho",
)


def random_shop(seed: int) -> Iterator[Product]:
    pick = random.Random(seed)
    for number in range(30):
        texts = [" ".join(pick.choices(WORDS, k=pick.randint(1, 4))) for _ in range(3)]
        language = pick.choice(("en", "de", ""))
        attributes = {"kind": (texts[2],)} if pick.random() < 0.5 else {}
        yield Product(
            f"p{number}", texts[0], description=texts[1], attributes=attributes, language_code=language
        )


@pytest.mark.parametrize("seed", range(4))
def test_every_match_has_a_mark_and_every_mark_is_a_term_of_the_query(
    open_snapshot: OpenSnapshot, seed: int
) -> None:
    snapshot = open_snapshot(list(random_shop(seed)))
    analysis = snapshot.lexical.index.analysis
    pick = random.Random(seed)
    for _ in range(40):
        query = " ".join(pick.choices(TYPED, k=pick.randint(1, 3)))
        found = Retriever().retrieve(snapshot, Request(query))
        # What two words are glued of, and what a word is cut into
        glued = ["".join(pair) for pair in pairwise(query.split())]
        terms = {*analysis.spellings(" ".join([query, *glued, "8 gb rtx 3080"]))}
        for row in found.rows[~found.by_meaning].tolist():
            product = snapshot.products.product(row)
            pieces = [piece for each in highlights(snapshot, query, product) for piece in each.cut.pieces]
            marked = [piece.text for piece in pieces if piece.matched]
            assert marked, (query, product)
            for text in marked:
                spelled = {*analysis.spellings(text.lower().replace("é", "e").replace("-", ""))}
                begun = text.lower() in query
                assert begun or not spelled.isdisjoint(terms), (query, text)
