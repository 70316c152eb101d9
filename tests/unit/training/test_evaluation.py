import pytest

from aisle.v1.catalog_pb2 import Product
from aisle.v1.search_pb2 import SearchRequest, SearchResponse, SearchResult, Tier
from services.training.evaluation.asking import Asker, Notes, tiers_of
from services.training.evaluation.judgments import JudgedQuery
from services.training.evaluation.run import comparable, evaluate, steps
from shared import metrics
from shared.errors import Unavailable

QUERY = JudgedQuery("1", "kettle", {"p1": 3.0, "p2": 1.0, "p300": 2.0})


class CatalogInOrder:
    """Ranks p1, p2, ... p{size} for every query and tier, and honours filters and pages."""

    def __init__(self, size: int, late: bool = False) -> None:
        self.size = size
        self.late = late
        self.requests: list[SearchRequest] = []

    def __call__(self, request: SearchRequest) -> SearchResponse:
        self.requests.append(SearchRequest.FromString(request.SerializeToString()))
        ids = [f"p{number}" for number in range(1, self.size + 1)]
        if request.filters:
            ids = [product_id for product_id in ids if product_id in request.filters[0].any_of.values]
        start = int(request.page_token or 0)
        page = SearchResponse(
            next_page_token=str(start + request.page_size) if start + request.page_size < len(ids) else ""
        )
        page.results.extend(
            SearchResult(product=Product(product_id=product_id))
            for product_id in ids[start : start + request.page_size]
        )
        page.served_by.tier = Tier.TIER_FUSED if self.late else request.max_tier or Tier.TIER_RERANKED
        page.served_by.degraded.extend(["reranker: deadline"] if self.late else [])
        page.served_by.snapshot_version = "s1"
        page.served_by.bundle_version = "b1"
        return page


def test_a_ranking_is_paged_to_its_depth() -> None:
    engine = CatalogInOrder(1000)
    ranking = Asker(engine).ranking(QUERY, Tier.TIER_FUSED, Notes())
    assert ranking == [f"p{number}" for number in range(1, 401)]
    assert len(engine.requests) == 2


def test_the_report_has_the_promised_keys_and_values() -> None:
    engine = CatalogInOrder(350)
    report = evaluate(engine, [QUERY], Asker(engine), 400).report
    assert set(report["tiers"]) == {"lexical", "dense", "fused", "reranked"}
    reranked = report["tiers"]["reranked"]
    assert reranked["recall@100"] == 0.5
    assert reranked["mrr"] == 1
    assert reranked["judged@10"] == 0.2
    assert reranked["condensed_ndcg@10"] > reranked["ndcg@10"]
    assert (report["with_results"], report["coverage"]) == (1, 0.05)  # 20 of 400 products
    assert set(report["latency_ms"]) == {"p50", "p95", "p99"}
    assert (report["queries"], report["snapshot_version"], report["bundle_version"]) == (
        1,
        "s1",
        "b1",
    )
    assert report["degraded_pages"] == 0


def test_a_judged_list_is_ranked_by_filter_and_completed() -> None:
    engine = CatalogInOrder(2)
    report = evaluate(engine, [QUERY], Asker(engine, judged_only=True), 400).report
    assert list(report["tiers"]["dense"]) == ["ndcg@10"]
    assert set(engine.requests[0].filters[0].any_of.values) == {"p1", "p2", "p300"}
    assert report["tiers"]["dense"]["ndcg@10"] == pytest.approx(
        (7 + 1 / 1.58496 + 3 / 2) / (7 + 3 / 1.58496 + 1 / 2), abs=1e-4
    )


def test_pages_that_left_something_out_are_counted_with_the_reason() -> None:
    engine = CatalogInOrder(10, late=True)
    report = evaluate(engine, [QUERY], Asker(engine), 400).report
    assert report["degraded_pages"] == 4
    assert report["degraded"] == {"reranker: deadline": 4, "served by TIER_FUSED": 3}


def test_a_list_of_one_judged_product_is_left_out_of_judged_lists_only() -> None:
    alone = JudgedQuery("2", "pan", {"p1": 3.0})
    assert comparable([QUERY, alone], judged_only=True) == [QUERY]
    assert comparable([QUERY, alone], judged_only=False) == [QUERY, alone]


def test_every_step_is_announced() -> None:
    engine = CatalogInOrder(5)
    made = []
    asker = Asker(engine)
    evaluate(engine, [QUERY, QUERY], asker, 400, lambda: made.append(1))
    assert len(made) == steps([QUERY, QUERY], asker)


def test_the_cross_encoder_is_judged_where_there_is_one() -> None:
    engine = CatalogInOrder(5)
    tiers = tiers_of(engine, "kettle")
    report = evaluate(engine, [QUERY], Asker(engine, tiers=tiers), 400).report
    assert list(report["tiers"]) == ["lexical", "dense", "fused", "reranked", "cross_encoded"]
    assert list(tiers_of(CatalogInOrder(5, late=True), "kettle")) == ["lexical", "dense", "fused", "reranked"]


class Busy(CatalogInOrder):
    """Refuses every `nth` page without its own deadline; timed pages have none."""

    def __init__(self, nth: int) -> None:
        super().__init__(10)
        self.nth = nth
        self.timed = 0

    def __call__(self, request: SearchRequest) -> SearchResponse:
        self.timed += not request.deadline_ms
        if not request.deadline_ms and self.timed % self.nth == 0:
            raise Unavailable(f"retrieval: deadline; retry {self.timed}")
        return super().__call__(request)


def test_a_page_that_does_not_come_in_time_is_counted_and_does_not_end_the_evaluation() -> None:
    engine = Busy(4)
    report = evaluate(engine, [QUERY], Asker(engine), 400).report
    assert (report["timed_pages"], report["timed_missed_pages"]) == (200, 50)
    assert report["timed_degraded"] == {"no page: retrieval: deadline": 50}


def test_an_engine_that_gives_no_pages_is_told() -> None:
    engine = Busy(1)
    with pytest.raises(Unavailable, match="most pages did not come in time"):
        evaluate(engine, [QUERY], Asker(engine), 400)


def test_coverage_counts_a_product_once_whatever_the_number_of_pages_that_show_it() -> None:
    assert metrics.coverage([["p1", "p2"], ["p2", "p3"], []], product_count=6) == 0.5
    assert metrics.coverage([["p1", "p2", "p3"]], product_count=6, cut=1) == pytest.approx(1 / 6)
    assert metrics.coverage([], product_count=0) is None
