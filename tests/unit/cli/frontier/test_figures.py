"""Which point is chosen, and which ones are on the frontier."""

from hypothesis import given
from hypothesis import strategies as st

from cli.frontier.figures import WITHIN, Figures, chosen, frontier
from cli.frontier.points import Point

Costs = st.lists(
    st.tuples(st.floats(0.1, 500, allow_nan=False), st.floats(0, 1, allow_nan=False)), min_size=1, max_size=20
)


def figures(name: str, cost: float, ndcg: float) -> Figures:
    quality = {"shop": {"ndcg@10": ndcg, "condensed_ndcg@10": ndcg, "recall@100": ndcg}}
    return Figures(Point(name), quality, {"shop": cost}, {"shop": cost}, load_seconds=1.0)


def named(found: list[Figures]) -> list[str]:
    return [each.point.name for each in found]


def test_the_cheapest_within_a_little_of_the_best_is_chosen() -> None:
    found = [figures("best", 30, 0.800), figures("close", 10, 0.7975), figures("cheap", 2, 0.796)]
    assert chosen(found).point.name == "close"


def test_what_is_cheaper_and_as_good_leaves_dearer_ones_out() -> None:
    found = [
        figures("dear", 30, 0.8),
        figures("good", 20, 0.8),
        figures("cheap", 1, 0.5),
        figures("bad", 5, 0.4),
    ]
    assert named(frontier(found)) == ["cheap", "good"]


def test_quality_and_cost_are_means_over_the_shops() -> None:
    found = figures("two", 10, 0.8)
    found.quality["other"] = {"ndcg@10": 0.6}
    found.note_times("other", 20.0, 21.0)
    assert (round(found.ndcg, 6), found.cost) == (0.7, 15.0)


def test_the_least_time_of_the_turns_is_kept() -> None:
    found = figures("turns", 10, 0.8)
    found.note_times("shop", 12.0, 9.0)
    assert (found.processor_ms["shop"], found.page_ms["shop"]) == (10, 9.0)


@given(Costs)
def test_the_frontier_rises_and_has_the_best_and_the_cheapest(drawn: list[tuple[float, float]]) -> None:
    found = [figures(str(place), cost, ndcg) for place, (cost, ndcg) in enumerate(drawn)]
    kept = frontier(found)
    assert [each.cost for each in kept] == sorted(each.cost for each in kept)
    assert [each.ndcg for each in kept] == sorted({each.ndcg for each in kept})
    assert kept[-1].ndcg == max(each.ndcg for each in found)
    assert kept[0].cost == min(each.cost for each in found)
    assert chosen(found).ndcg >= kept[-1].ndcg - WITHIN
