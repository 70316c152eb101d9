import pytest

from services.gateway.config import MOST_CANDIDATES, GatewayConfig
from services.reranker.config import RerankerConfig
from services.reranker.service import MAX_CANDIDATES as RERANKED
from services.retrieval.service import MAX_CANDIDATES as RETRIEVED
from shared.config import load


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEADLINE_MS", "0"), ("WINDOW_SIZE", "5001"), ("MAX_WAITING_IMPRESSIONS", "0"), ("MAX_WAITING", "-1"),
     ("WINDOW_TTL_SECONDS", "nan"), ("CACHE_MS", "nan"), ("RESOLVE_SECONDS", "0"), ("HEDGE_SHARE", "2")],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_ends_the_start(name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=f"(?i){name}"):
        load(GatewayConfig, {f"AISLE_GATEWAY_{name}": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFRESH_SECONDS", "0"),
        ("AFFINITY_WEIGHT", "nan"),
        ("FEATURES_MS", "nan"),
        ("WORKERS", "0"),
    ],
)
def test_so_does_one_of_the_reranker(name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=f"(?i){name}"):
        load(RerankerConfig, {f"AISLE_RERANKER_{name}": value})


def test_the_largest_window_is_one_that_retrieval_and_reranker_take() -> None:
    assert min(RETRIEVED, RERANKED) >= MOST_CANDIDATES


def test_a_trainer_is_asked_for_its_status_where_one_is_named() -> None:
    assert "trainer" not in GatewayConfig().addresses
    named = load(GatewayConfig, {"AISLE_GATEWAY_TRAINER_ADDRESS": "trainer:50057"})
    assert named.addresses["trainer"] == "trainer:50057"
