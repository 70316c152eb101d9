from collections import Counter

from sample.click_models import examination
from sample.shopper import Persona, Shopper, Shown, attraction, personas
from sample.tour import STOPS
from tests.unit.sample.made_shop import shop


def page(size: int = 10, grade: int = 3) -> list[Shown]:
    return [Shown(made, grade) for made in shop()[:size]]


def nobody() -> Persona:
    return Persona("v1", (), (), 1.0)


def test_the_same_shopper_does_the_same_twice() -> None:
    first, second = (Shopper(nobody(), seed=7) for _ in range(2))
    assert [first.visit("q", page()) for _ in range(5)] == [second.visit("q", page()) for _ in range(5)]


def test_clicks_fall_with_the_position_even_when_all_grades_are_equal() -> None:
    shopper = Shopper(nobody(), seed=7)
    clicks = Counter(
        event["products"][0]["position"]
        for _ in range(400)
        for event in shopper.visit("q", [page(1)[0]] * 10)
        if event["action"] == "click"
    )
    assert clicks[1] > 2 * clicks[5] and examination(1) == 1.0


def test_a_better_grade_and_a_favourite_brand_attract_more() -> None:
    shown = page(1)[0]
    fan = Persona("v2", (shown.made.model.brand.name,), (), shown.made.model.brand.level)
    assert attraction(fan, shown) > attraction(nobody(), shown) > attraction(nobody(), Shown(shown.made, 1))


def test_events_have_unique_ids_in_order_of_time_and_follow_a_click() -> None:
    shopper = Shopper(nobody(), seed=7)
    events = [event for visit in range(200) for event in shopper.visit(f"q{visit}", page())]
    assert len({event["event_id"] for event in events}) == len(events)
    assert [event["event_time"] for event in events] == sorted(event["event_time"] for event in events)
    assert {event["action"] for event in events} == {"click", "add_to_cart", "purchase"}
    assert events[0]["action"] == "click"


def test_personas_like_brands_of_their_own_price_level() -> None:
    levels = {made.model.brand.name: made.model.brand.level for made in shop()}
    for persona in personas(shop(), 20, seed=7):
        assert persona.brands
        assert all(abs(levels[brand] - persona.level) <= 0.15 for brand in persona.brands)


def test_the_tour_has_five_stops_and_its_clicks_name_products() -> None:
    rows = [made.row for made in shop()]
    assert len(STOPS) == 5
    taste = STOPS[-1].taste
    assert taste is not None and len(taste.picks(rows)) == taste.clicks
    jackets = {row["brands"][0] for row in rows if "Jacket" in row["categories"][0]}
    assert taste.brand in jackets and len(jackets) > 2


def test_the_tours_filter_leaves_some_products_and_drops_some() -> None:
    ceiling = STOPS[3].filter
    assert ceiling is not None and ceiling.maximum is not None
    prices = [made.row["price"]["amount"] for made in shop() if made.model.kind.key == "rain jacket"]
    assert min(prices) <= ceiling.maximum < max(prices)
