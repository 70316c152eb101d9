from collections.abc import Iterator

import pytest

from tests.integration.redis_server import free_port, redis_server
from tests.unit.embedding.conftest import make_bundle, model_folder

__all__ = ["make_bundle", "model_folder"]  # the tiny BERT, whose slower engines are tested here


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of a real Redis that all tests of this folder share."""
    port = free_port()
    with redis_server(tmp_path_factory.mktemp("redis"), port):
        yield f"127.0.0.1:{port}"
