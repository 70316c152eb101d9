from pathlib import Path

import pytest

from services.reranker.reranker import Reranker
from tests.unit.reranker.tiny_reranker import tiny_reranker


@pytest.fixture(scope="session")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    folder: Path = tmp_path_factory.mktemp("reranker")
    return tiny_reranker(folder)
