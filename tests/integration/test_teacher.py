from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import WordLevel  # noqa: E402
from tokenizers.pre_tokenizers import Whitespace  # noqa: E402
from tokenizers.processors import TemplateProcessing  # noqa: E402

from services.reranker.training.interaction import BlockShape  # noqa: E402
from services.reranker.training.job import RerankerSettings, TrainingSet, train_reranker  # noqa: E402
from services.reranker.training.judged_list import JudgedList  # noqa: E402
from services.reranker.training.student import StudentSettings  # noqa: E402
from services.reranker.training.teacher import TeacherSettings, Texts, train_teacher, with_teacher_scores  # noqa: E402

PRODUCTS = ["red shoe", "blue shoe", "red lamp", "blue lamp"]
QUERIES = ["red shoe", "blue lamp"]
LISTS = [
    JudgedList(0, np.arange(4), np.array([3, 1, 1, 0], np.float32)),
    JudgedList(1, np.arange(4), np.array([0, 1, 1, 3], np.float32)),
]
TEACHER = TeacherSettings(layers=(0,), minutes=0.05)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A BERT of two tiny layers with random weights."""
    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "red", "blue", "shoe", "lamp"]
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(words), **sizes)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    return tmp_path


def test_a_teacher_has_an_opinion_of_every_product(encoder: Path) -> None:
    texts = Texts(QUERIES, PRODUCTS)
    teacher = train_teacher(LISTS, texts, encoder, TEACHER, lambda _: None)
    for judged in with_teacher_scores(LISTS, texts, teacher):
        assert judged.teacher_scores is not None
        assert judged.teacher_scores.shape == (4,)
        assert np.isfinite(judged.teacher_scores).all()


@pytest.mark.parametrize("teacher", [None, TEACHER])
def test_the_job_writes_heads_and_block(encoder: Path, tmp_path: Path, teacher: TeacherSettings | None) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    training_set = TrainingSet(PRODUCTS, QUERIES, LISTS, lambda _: np.arange(4))
    settings = RerankerSettings(BlockShape(16, 8, 2, 8, 8), StudentSettings(epochs=1), teacher=teacher)
    train_reranker([training_set, training_set], encoder, folder, settings, lambda _: None)
    assert {path.name for path in folder.iterdir()} == {"heads.safetensors", "block.onnx"}
    assert (folder / "heads.safetensors").stat().st_mode & 0o044  # others may read what is shipped
