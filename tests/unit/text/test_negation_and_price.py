import math

import pytest

from shared.text.negation import lacking, negations
from shared.text.price import price_limit


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("mug without handle", ["handle"]),
        ("sugar-free and fat-free", ["sugar", "fat"]),
        ("wireless mouse, no batteries", ["batteries", "wire"]),
        ("non-slip mat", ["slip"]),
        ("kissen ohne die federn", ["federn"]),
        ("sans les manches", ["manches"]),
        ("vest, bladder sold separately; batteries are not included", ["bladder", "batteries"]),
        ("rust-proof and scratch-resistant", ["rust", "scratch"]),
        ("without sugar, nor the nuts or gluten, or 5", ["sugar", "nuts", "gluten"]),
        ("nuts without salt and sugar", ["salt", "sugar"]),
        ("kekse ohne zucker und milch, 200 g", ["zucker", "milch"]),
        ("parka without hood and red lining", ["hood"]),
        ("no sugar and vegan", ["sugar"]),
        ("not for babies", ["babies"]),
        ("soap, free from perfume and dyes", ["perfume", "dyes"]),
        ("nicht fur die spulmaschine", ["spulmaschine"]),
        ("no 5 of 7", []),
        ("northern lights", []),
    ],
)
def test_what_a_text_lacks(text: str, lacks: list[str]) -> None:
    assert lacking(text) == lacks


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("mug without handle", ["without handle"]),
        ("scarf -wool -silk", ["-wool", "-silk"]),
        ("scarf not wool", ["not wool"]),
        ("scarf except wool, sauf la soie", ["except wool", "sauf la soie"]),
        ("scarf other than wool that isn't blue", ["other than wool", "isn't blue"]),
        ("biscuits without sugar or gluten, or plain", ["without sugar", "or gluten", "or plain"]),
        ("kekse ohne zucker oder nusse", ["ohne zucker", "oder nusse"]),
        ("toys not for the babies", ["not for the babies"]),
        ("boots without laces and with zip", ["without laces"]),
        ("boots without laces and heels", ["without laces", "and heels"]),
        ("boots without the laces and a heel", ["without the laces", "and a heel"]),
        ("boots without laces and heels, red", ["without laces"]),
        ("kekse ohne zucker oder nusse und salz", ["ohne zucker", "oder nusse", "und salz"]),
        ("dress not red and long", ["not red"]),
        ("shears that do not rust", []),
        ("not sure what to get, not too big, not red", ["not red"]),
        ("t-shirt x-large", []),
        ("-wool", []),
    ],
)
def test_what_a_query_excludes(query: str, said: list[str]) -> None:
    assert [query[each.start : each.end] for each in negations(query)] == said


@pytest.mark.parametrize(
    ("query", "low", "high"),
    [
        ("desk under 250", -math.inf, 250),
        ("desk below $1,250.50", -math.inf, 1250.5),
        ("desk up to 80 euros", -math.inf, 80),
        ("desk over 80€", 80, math.inf),
        ("desk between 20 and 45", 20, 45),
        ("desk 20-45 eur", 20, 45),
        ("desk 20 to 45 eur", 20, 45),
        ("desk <250", -math.inf, 250),
        ("desk over 100 and under 600 dollars", 100, 600),
        ("desk under 600, over 100", 100, 600),
        ("desk >= 80 eur", 80, math.inf),
        ("desk no more than 250", -math.inf, 250),
        ("desk 80€ max", -math.inf, 80),
        ("desk $20 - $45", 20, 45),
        ("bureau moins de 99", -math.inf, 99),
    ],
)
def test_prices_are_read(query: str, low: float, high: float) -> None:
    limit = price_limit(query)
    assert limit is not None and (limit.low, limit.high) == (low, high)
    assert query[limit.start : limit.end].strip() == query.removeprefix("desk ").removeprefix("bureau ")


@pytest.mark.parametrize(
    "query",
    [
        "shelf under 90 cm",
        "bag under 15.6 inch",
        "rope between 5 and 10 m",
        "rope over 5 under 10 m",
        "over 60 gift",
        "up to 5 players",
        "cable <5 m",
        "gardens > 3 trees",
        "phone 14 pro max 256",
        "4 to 7 players",
        "route 66",
        "20-45",
        "under",
    ],
)
def test_other_numbers_are_no_prices(query: str) -> None:
    assert price_limit(query) is None
