from collections import Counter

from services.training.adapting.pseudo_queries import PseudoQuery, make_pseudo_queries, words_of
from shared.catalog.product import Product

COLOURS = ("black", "white", "blue", "red")
KINDS = ("steel kettle", "desk lamp", "leather wallet")


def _shop() -> list[Product]:
    """Four brands of three kinds of products, ten of each."""
    return [
        Product(
            f"p{n}",
            f"Brand{n % 4} XK-{100 + n} {KINDS[n % 3]} {COLOURS[n % 4]}",
            brands=(f"Brand{n % 4}",),
            categories=(f"Home > {KINDS[n % 3].title()}s",) if n % 2 else (),
            attributes={"material": ("brushed steel",), "weight": (1.5,)},
        )
        for n in range(120)
    ]


def _made(count: int = 400, seed: int = 0) -> list[PseudoQuery]:
    return make_pseudo_queries(_shop(), count, seed)


def test_queries_are_distinct_short_and_made_from_their_product() -> None:
    shop, made = _shop(), _made()
    assert len({each.text for each in made}) == len(made) > 200
    for each in made:
        words = words_of(each.text)
        assert 1 <= len(words) <= 5
        known = {word for text in _texts(shop[each.row]) for word in words_of(text)}
        # One word may be misspelt or cut short
        assert sum(word not in known for word in words) <= 1, each


def _texts(product: Product) -> list[str]:
    return [product.title, *product.brands, *product.categories, "brushed steel"]


def test_all_kinds_are_made() -> None:
    kinds = Counter(each.kind for each in _made())
    assert set(kinds) == {"type", "brand", "attribute", "model", "words"}
    texts = {each.text for each in _made()}
    assert {"steel kettle", "desk lamps", "leather wallet"} & texts
    assert any(each.kind == "model" and each.text.startswith("xk-") for each in _made())
    assert any(each.kind == "brand" and each.text.startswith("brand") for each in _made())
    assert any("brushed" in each.text for each in _made() if each.kind == "attribute")


def test_what_only_one_title_says_names_no_type() -> None:
    shop = [*_shop(), Product("odd", "Zyzzyva")]
    made = make_pseudo_queries(shop, 400, 0)
    assert not any("zyzzyva" in each.text for each in made if each.kind == "type")


def test_the_same_seed_makes_the_same_queries_and_another_others() -> None:
    assert _made(seed=3) == _made(seed=3)
    assert {each.text for each in _made(50, 3)} != {each.text for each in _made(50, 4)}


def test_a_shop_with_nothing_to_say_gives_no_query_and_does_not_hang() -> None:
    assert make_pseudo_queries([], 100, 0) == []
    assert make_pseudo_queries([Product("p", "...")], 100, 0) == []
    assert len(make_pseudo_queries([Product("p", "Kettle")], 100, 0)) <= 100


def test_words_of_every_script_are_words() -> None:
    assert words_of("Kaffee-Mühle für 2.5 l, 咖啡") == ["kaffee-mühle", "für", "2.5", "l", "咖啡"]
