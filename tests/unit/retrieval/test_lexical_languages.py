import numpy as np
import pytest

from services.retrieval.lexical import LexicalLeg
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

TITLES = (
    ("zh", "落地灯 白色"),  # 0
    ("zh", "木质衣架 收纳"),
    ("zh", "白色陶瓷花瓶"),
    ("zh", "晴川 木质书桌"),
    ("ja", "ステンレスマグ 350ml"),  # 4
    ("ja", "ステンレスざる"),
    ("ja", "赤いマフラー レッド(赤)"),
    ("ja", "羊の毛の帽子"),
    ("de", "Heckenschere mit Akku"),  # 8
    ("de", "Dunkles Bücherregal aus Eiche"),
    ("fr", "Nappe ronde, blanc"),  # 10
    ("fr", "Nappe carrée, noir"),
)


@pytest.fixture(scope="module")
def leg(open_shared_snapshot: OpenSnapshot) -> LexicalLeg:
    products = [Product(f"p{n}", title, language_code=code) for n, (code, title) in enumerate(TITLES)]
    return open_shared_snapshot(products).lexical


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("灯", [0]),  # one letter of a name
        ("白色的花瓶", [2]),
        ("晴川 书桌", [3]),  # not what is of the brand alone
        ("木质 衣架", [1]),
        ("ステンレス マグ", [4]),  # four of the five pairs are in other goods of steel
        ("赤のマフラー", [6]),
        ("マグ 350ミリリットル", [4]),
        ("毛布", []),  # "の毛" and "の帽" are no words
        ("schere", [8]),
        ("dunkles regal", [9]),
        ("regal dunkel", [9]),
        ("nappe blanche", [10]),
    ],
)
def test_words_of_a_language_match_as_its_shoppers_mean_them(
    leg: LexicalLeg, query: str, matches: list[int]
) -> None:
    assert np.flatnonzero(leg.search(query).matching()).tolist() == matches


def test_a_function_word_is_a_numeral_in_names_alone(open_snapshot: OpenSnapshot) -> None:
    """In Swedish "vi" is we."""
    texts = {"Matbord 6 stolar": "", "Matbord 4 stolar": "Vi levererar.", "Saga VI": "", "Saga IX": "Vi"}
    products = [Product(t, t, description=d, language_code="sv") for t, d in texts.items()]
    leg = open_snapshot(products).lexical
    assert np.flatnonzero(leg.search("matbord 6").matching()).tolist() == [0]
    assert np.flatnonzero(leg.search("saga 6").matching()).tolist() == [2]
