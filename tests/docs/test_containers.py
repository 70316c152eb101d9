"""What a container needs that a process beside others does not."""

import re
from pathlib import Path

import pytest

from services.embedding.config import EmbeddingConfig
from services.embedding.indexing.config import IndexingConfig
from services.feedback.config import FeedbackConfig
from services.gateway.config import GatewayConfig
from services.reranker.config import RerankerConfig
from services.retrieval.config import RetrievalConfig
from services.training.learning.config import TrainerConfig
from shared.config import prefix_of
from shared.listening import LOOPBACK

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = (
    EmbeddingConfig,
    FeedbackConfig,
    GatewayConfig,
    IndexingConfig,
    RerankerConfig,
    RetrievalConfig,
    TrainerConfig,
)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_process_listens_on_the_loopback_and_its_image_on_every_address(config: type) -> None:
    assert config().host == LOOPBACK
    dockerfile = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    assert f"{prefix_of(config)}_HOST=[::]" in dockerfile.split()


def test_all_services_that_share_a_folder_run_as_one_user() -> None:
    """Folders are for their owner only."""
    dockerfile = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    compose = (ROOT / "docker-compose.yml").read_text()
    users = re.findall(r"^    user: (.+)$", compose, re.MULTILINE)
    assert len(users) == 3  # Redis, Kafka and Prometheus, which have volumes of their own
