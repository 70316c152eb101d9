from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.reranker.cross_encoder import CrossEncoderModel, CrossEncoderScorer
from services.reranker.query import EncodedQuery
from services.reranker.states import Rows
from tests.unit.reranker.tiny_models import save_cross_encoder

TEXTS = ["red kettle", "blue lamp", "blue kettle", "red red kettle lamp"]
NOTHING = np.zeros((1, 1), dtype=np.float32)


def _texts(rows: Rows) -> Sequence[str]:
    return [TEXTS[row] for row in rows]


@pytest.fixture
def model(tmp_path: Path) -> CrossEncoderModel:
    save_cross_encoder(tmp_path)
    return CrossEncoderModel.open(tmp_path, "fp32", threads=1, max_tokens=16)


def test_it_reads_query_and_product_text_together(model: CrossEncoderModel) -> None:
    query = EncodedQuery("red kettle", NOTHING, NOTHING, NOTHING[0])
    scores = CrossEncoderScorer(model, _texts).score(query, np.array([3, 1, 0, 2]))
    # 100 per shared word, plus the tokens with the three special ones
    assert scores.tolist() == [309, 7, 207, 107]


def test_padding_changes_no_score(model: CrossEncoderModel) -> None:
    alone = [model.score("red lamp", [text])[0] for text in TEXTS]
    assert model.score("red lamp", TEXTS).tolist() == alone


def test_a_query_longer_than_the_model_reads_is_cut(model: CrossEncoderModel) -> None:
    scores = model.score("kettle " * 500, ["lamp " * 500, "kettle"])
    assert np.isfinite(scores).all()
    assert scores[1] > scores[0]
