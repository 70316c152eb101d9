import pytest

from services.retrieval.config import RetrievalConfig
from shared.config import load


def test_settings_come_from_the_environment() -> None:
    assert load(RetrievalConfig, {"AISLE_RETRIEVAL_LEG_LIMIT": "50"}).leg_limit == 50


@pytest.mark.parametrize(
    ("name", "value"), [("DENSE_FLOOR", "1.5"), ("LEG_LIMIT", "0"), ("REFRESH_SECONDS", "0")]
)
def test_a_setting_that_makes_no_sense_ends_the_start(name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=name.lower()):
        load(RetrievalConfig, {f"AISLE_RETRIEVAL_{name}": value})
