from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.reranker.candidates import Candidates
from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from services.reranker.explanation import AFFINITY, explain
from services.reranker.features import FEATURES, VISITOR_AFFINITY
from services.reranker.query import EncodedQuery
from services.reranker.reranker import Reranker, Reranking
from services.reranker.scorer import TimedScorer
from services.reranker.snapshot import RerankerSnapshot
from shared.errors import Corrupt, Unavailable
from shared.features.page import StoredPage
from shared.features.scopes import COLUMNS
from shared.features.scopes.visitor import VISITOR_WEIGHT
from shared.live.wire_rows import UNKNOWN
from tests.unit.reranker.tiny_models import HIDDEN, STATE
from tests.unit.reranker.tiny_reranker import PRODUCTS, VERSION, matrix, stored_page, tiny_parts

RNG = np.random.default_rng(2)
QUERY = EncodedQuery(
    "red kettle", matrix(RNG, 3, HIDDEN), matrix(RNG, 3, STATE), np.ones(3, dtype=np.float32)
)
ROWS = RNG.permutation(PRODUCTS)[:40]
FUSED = np.sort(np.abs(matrix(RNG, 40)))[::-1]
CANDIDATES = Candidates(
    ROWS, np.abs(matrix(RNG, 40)), matrix(RNG, 40), FUSED, *([np.arange(40, dtype=np.float32)] * 2)
)
UNKNOWN_VISITOR = stored_page(ROWS.tolist(), {})
UNLIMITED = Deadline.after(0)


def _rerank(
    reranker: Reranker, done: StoredPage | None = UNKNOWN_VISITOR, deadline: Deadline = UNLIMITED
) -> Reranking:
    return reranker.rerank(QUERY, CANDIDATES, done, deadline)


def _acted(*places: int, weight: float = 1.0) -> StoredPage:
    """The page of a visitor who acted on these candidates."""
    return stored_page(ROWS.tolist(), {f"p{ROWS[place]}": weight for place in places})


def test_the_order_follows_the_scores(reranker: Reranker) -> None:
    reranking = _rerank(reranker)
    scores = reranking.relevance_scores[reranking.order]
    assert sorted(reranking.order.tolist()) == list(range(40))
    assert (np.diff(scores) <= 0).all()
    assert np.ptp(scores) > 0
    assert reranking.degraded == ()
    assert set(reranking.stage_ms) == {"gather", "maxsim", "block", "features", "ranker"}


def test_the_block_scores_the_candidates_that_came_first_until_then(reranker: Reranker) -> None:
    reranking = _rerank(reranker)
    scored = ~np.isnan(reranking.features[:, FEATURES.index("block_score")])
    assert reranking.block_scored_count == scored.sum() == 20
    early = (
        reranking.features[:, FEATURES.index("fused_z")]
        + 0.5 * reranking.features[:, FEATURES.index("maxsim_z")]
    )
    assert early[scored].min() >= early[~scored].max()


def test_a_short_deadline_leaves_candidates_out_of_the_block_and_says_so(
    reranker: Reranker,
) -> None:
    assert reranker.block is not None
    slow = TimedScorer(reranker.block.scorer, 5, 20, CostEstimate(1e6))
    reranking = _rerank(replace(reranker, block=slow), deadline=Deadline.after(1000))
    assert reranking.block_scored_count == 0
    assert reranking.degraded == ("block: deadline (0 of 20)",)
    assert sorted(reranking.order.tolist()) == list(range(40))


def test_without_time_for_anything_it_refuses_so_that_the_fused_order_is_shown(
    reranker: Reranker,
) -> None:
    slow = replace(reranker, before=CostEstimate(500), after=CostEstimate(500))
    with pytest.raises(Unavailable, match="deadline"):
        _rerank(slow, deadline=Deadline.after(20))


def test_a_slow_moment_does_not_refuse_for_ever(reranker: Reranker) -> None:
    slow = replace(reranker, before=CostEstimate(500), after=CostEstimate(500))
    for _ in range(60):
        try:
            assert _rerank(slow, deadline=Deadline.after(50)).order.shape == (40,)
            return
        except Unavailable:
            continue
    pytest.fail("it never tried again")


def test_a_bundle_without_an_interaction_model_ranks_by_the_rest(reranker: Reranker) -> None:
    reranking = _rerank(replace(reranker, block=None))
    assert (reranking.block_scored_count, reranking.degraded) == (0, ())
    assert np.isfinite(reranking.relevance_scores).all()


def test_recent_products_lift_their_like_and_a_stranger_s_page_stays_as_it_is(
    reranker: Reranker,
) -> None:
    stranger = _rerank(reranker)
    known = _rerank(reranker, _acted(30))
    assert known.order.tolist() != stranger.order.tolist()
    assert known.order.tolist().index(30) < stranger.order.tolist().index(30)
    assert not stranger.affinity_added.any()


def test_affinity_never_adds_more_than_its_weight_in_standard_deviations(
    reranker: Reranker,
) -> None:
    stranger = _rerank(reranker)
    known = _rerank(reranker, _acted(30))
    assert 0 < np.abs(known.affinity_added).max() <= 0.5 * stranger.relevance_scores.std()


def test_the_parts_of_an_explanation_sum_to_the_score_the_largest_first(reranker: Reranker) -> None:
    reranking = _rerank(reranker, _acted(30, 2))
    explained = reranking.order[:5]
    for place, parts in zip(explained, explain(reranker.ranker, reranking, explained), strict=True):
        sizes = [abs(added) for _, _, added in parts]
        assert sizes == sorted(sizes, reverse=True)
        assert sum(added for _, _, added in parts) == pytest.approx(
            reranking.relevance_scores[place], abs=1e-6
        )
        assert AFFINITY in [name for name, _, _ in parts]


def test_what_shoppers_did_is_among_the_features_and_not_known_without_a_store(
    reranker: Reranker,
) -> None:
    known = _rerank(reranker, _acted(30, weight=2.0))
    unknown = _rerank(reranker, None)
    places = [FEATURES.index(name) for name in (*COLUMNS, VISITOR_AFFINITY)]
    assert np.isnan(unknown.features[:, places]).all()
    assert known.features[30, FEATURES.index(VISITOR_WEIGHT)] == 2
    assert known.features[:, FEATURES.index(VISITOR_AFFINITY)].tolist() == known.affinity.tolist()
    assert known.features[:, FEATURES.index("product_opens_30d")].tolist() == [0] * 40


def test_of_a_candidate_that_has_not_come_here_yet_nothing_is_known(reranker: Reranker) -> None:
    rows = ROWS.copy()
    rows[3] = UNKNOWN
    candidates = replace(CANDIDATES, rows=rows)
    done = stored_page(rows.tolist(), {f"p{ROWS[30]}": 1.0})
    features = reranker.rerank(QUERY, candidates, done, UNLIMITED).features
    places = [FEATURES.index(name) for name in ("product_opens_30d", VISITOR_WEIGHT, VISITOR_AFFINITY)]
    assert np.isnan(features[3, places]).all()
    assert not np.isnan(np.delete(features, 3, axis=0)[:, places]).any()


def test_recent_products_that_are_gone_are_passed_over(reranker: Reranker) -> None:
    gone = stored_page(ROWS.tolist(), {"p999": 1.0})
    assert _rerank(reranker, gone).order.tolist() == _rerank(reranker).order.tolist()


def test_no_candidates_are_an_empty_order(reranker: Reranker) -> None:
    none = np.zeros(0, dtype=np.float32)
    empty = Candidates(np.zeros(0, dtype=np.int64), none, none, none, none, none)
    done = stored_page([], {"p30": 1.0})
    assert reranker.rerank(QUERY, empty, done, UNLIMITED).order.tolist() == []


def test_a_snapshot_whose_parts_do_not_fit_is_refused(tmp_path: Path) -> None:
    parts = tiny_parts(tmp_path / "columns")
    with pytest.raises(Corrupt, match="count"):
        RerankerSnapshot(VERSION, **{**parts, "vectors": parts["vectors"][:-1]})


def test_a_smaller_precedence_comes_first_whatever_the_scores(reranker: Reranker) -> None:
    unlikely = _rerank(reranker).order[-2:]
    precedence = np.ones(40, np.float32)
    precedence[unlikely] = 0
    candidates = replace(CANDIDATES, precedence=precedence)
    order = reranker.rerank(QUERY, candidates, UNKNOWN_VISITOR, UNLIMITED).order
    assert order[:2].tolist() == unlikely.tolist()


def test_who_browses_sees_first_what_is_like_what_they_looked_at(reranker: Reranker) -> None:
    as_it_comes = np.arange(40).tolist()
    assert reranker.browse(CANDIDATES, UNKNOWN_VISITOR).order.tolist() == as_it_comes
    assert reranker.browse(CANDIDATES, None).order.tolist() == as_it_comes
    browsing = reranker.browse(CANDIDATES, _acted(39))
    assert browsing.order.tolist().index(39) < 20 and browsing.affinity.argmax() == 39
    assert (np.diff(browsing.scores[browsing.order]) <= 0).all()


def test_what_was_bought_raises_others_and_not_itself(reranker: Reranker) -> None:
    name = f"p{ROWS[7]}"
    looked_at, bought = (stored_page(ROWS.tolist(), {name: 1.0}, owned) for owned in ((), (name,)))
    assert reranker.browse(CANDIDATES, looked_at).affinity[7] > 0
    assert reranker.browse(CANDIDATES, bought).affinity[7] == 0
