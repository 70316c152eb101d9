from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from sample.bots import fakes, script
from sample.click_models import Glance, cascade, position_based
from sample.crowd import Crowd
from sample.product import Made
from sample.season import NOTHING, Season, Wants
from tests.unit.sample.made_shop import shop

START = datetime(2026, 3, 2, tzinfo=UTC)


def made_in(section: str) -> Made:
    return next(made for made in shop() if str(made.row["categories"][0]).startswith(section))


def section() -> str:
    return str(shop()[0].row["categories"][0]).partition(" > ")[0]


def clicks(model: object, page: list[Glance]) -> Counter[int]:
    random = Random(3)
    assert callable(model)
    return Counter(place for _ in range(3_000) for place in model(random, page))


def test_a_cascade_ends_after_a_click_that_satisfies() -> None:
    good_first = [Glance(0.9, 3), *[Glance(0.3, 3)] * 5]
    nothing_first = [Glance(0.0, 3), *[Glance(0.3, 3)] * 5]
    assert clicks(cascade, good_first)[1] < 0.5 * clicks(cascade, nothing_first)[1]
    by_position = [clicks(position_based, page)[1] for page in (good_first, nothing_first)]
    assert abs(by_position[0] - by_position[1]) < 0.15 * by_position[1]


def test_in_a_cascade_positions_further_down_are_seen_less() -> None:
    seen = clicks(cascade, [Glance(0.2, 3)] * 10)
    assert seen[0] > seen[4] > seen[9] > 0


def test_a_season_raises_its_products_while_it_lasts() -> None:
    season = Season(section(), START, days=2, factor=3.0)
    inside = made_in(section())
    outside = next(made for made in shop() if not str(made.row["categories"][0]).startswith(section()))
    assert season.wanted(inside, START + timedelta(days=1)) == 3.0
    assert season.wanted(inside, START + timedelta(days=2)) == 1.0
    assert season.wanted(outside, START + timedelta(days=1)) == 1.0


def test_what_people_like_is_the_same_for_all_variants_and_for_every_crowd() -> None:
    variant = next(made for made in shop() if made.row["type"] == "variant")
    primary = next(made for made in shop() if made.product_id == variant.row["primary_product_id"])
    wants = Wants(7)
    assert wants.factor(variant, START) == wants.factor(primary, START) == Wants(7).factor(primary, START)
    assert len({wants.factor(made, START) for made in shop()[:50]}) > 10
    assert NOTHING.factor(primary, START) == 1.0


def test_a_crowd_asks_the_same_twice_a_few_queries_often_and_in_order_of_time() -> None:
    first, second = (list(Crowd(shop(), 7, START).visits(3.0, 300)) for _ in range(2))
    assert [(one.moment, one.asked.text, one.visitor_id) for one in first] == [
        (one.moment, one.asked.text, one.visitor_id) for one in second
    ]
    moments = [one.moment for one in first]
    assert moments == sorted(moments) and moments[0] >= START and moments[-1] < START + timedelta(days=3)
    asked = Counter(one.asked.text for one in first).most_common()
    assert asked[0][1] > 30 and asked[-1][1] < 5


def test_in_its_season_a_group_is_asked_for_more() -> None:
    plain = Crowd(shop(), 7, START)
    kinds = {made.model.kind.key: str(made.row["categories"][0]) for made in shop()}
    often = kinds[plain.questions()[0].intent.targets[0]]
    season = Season(often, START, days=1, factor=5.0)
    in_season = Crowd(shop(), 7, START, wants=Wants(7, (season,), spread=0.0))
    first = plain.questions()[0].text

    def count(crowd: Crowd) -> int:
        return sum(visit.asked.text == first for visit in crowd.visits(1.0, 400))

    assert count(in_season) > 2 * count(plain)


def test_an_aimless_crowd_clicks_each_position_alike() -> None:
    crowd = Crowd(shop(), 7, START, is_aimless=True)
    page = [made.product_id for made in shop()[:5]]
    events = [crowd.acts(visit, "q", page, visit.moment) for visit in crowd.visits(1.0, 500)]
    assert {len(each) for each in events} == {1}
    places = Counter(each[0]["products"][0]["position"] for each in events)
    assert min(places.values()) > 70


def test_a_script_is_one_visitor_and_fakes_are_many_without_a_page() -> None:
    clicks = list(script("script", "p1", "q1", 1_000, START))
    assert {(each["visitor_id"], each["query_id"]) for each in clicks} == {("script", "q1")}
    invented = list(fakes("fake", "p1", 1_000, START))
    assert len({each["visitor_id"] for each in invented}) == 1_000
    assert {each["query_id"] for each in invented} == {""}
    assert len({each["event_id"] for each in [*clicks, *invented]}) == 2_000
