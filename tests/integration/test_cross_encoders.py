from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.numpy import load_file  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import WordLevel  # noqa: E402
from tokenizers.pre_tokenizers import Whitespace  # noqa: E402
from tokenizers.processors import TemplateProcessing  # noqa: E402

from services.reranker.cross_encoder import CrossEncoderModel  # noqa: E402
from services.reranker.training.cross_encoder import (  # noqa: E402
    CrossEncoderSettings,
    Texts,
    train_cross_encoder,
    with_teacher_scores,
)
from services.reranker.training.interaction import BlockShape  # noqa: E402
from services.reranker.training.job import RerankerSettings, train_reranker  # noqa: E402
from services.reranker.training.judged_list import JudgedList  # noqa: E402
from services.reranker.training.student import StudentSettings  # noqa: E402
from services.reranker.training.training_set import TrainingSet  # noqa: E402
from shared.models.bundle import HEADS  # noqa: E402

PRODUCTS = ["red shoe", "blue shoe", "red lamp", "blue lamp"]
QUERIES = ["red shoe", "blue lamp"]
LISTS = [
    JudgedList(0, np.arange(4), np.array([3, 1, 1, 0], np.float32)),
    JudgedList(1, np.arange(4), np.array([0, 1, 1, 3], np.float32)),
]
TEACHER = CrossEncoderSettings(layers=(0, 1), minutes=0.05)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A BERT of two tiny layers with random weights."""
    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "red", "blue", "shoe", "lamp"]
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    config = transformers.BertConfig(vocab_size=len(words), **sizes)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    return tmp_path


def test_a_teacher_has_an_opinion_of_every_product(encoder: Path) -> None:
    texts = Texts(QUERIES, PRODUCTS)
    teacher = train_cross_encoder(LISTS, texts, encoder, TEACHER, lambda _: None)
    for judged in with_teacher_scores(LISTS, texts, teacher):
        assert judged.teacher_scores is not None
        assert judged.teacher_scores.shape == (4,)
        assert np.isfinite(judged.teacher_scores).all()


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        (RerankerSettings(), {"heads.safetensors", "block.onnx"}),
        (RerankerSettings(teacher=TEACHER), {"heads.safetensors", "block.onnx"}),
        (
            RerankerSettings(student=StudentSettings(encoder_layers=1)),
            {"heads.safetensors", "block.onnx"},
        ),
        (
            RerankerSettings(teacher=TEACHER, cross_encoder=TEACHER),
            {"heads.safetensors", "block.onnx", "cross_encoder.onnx", "tokenizer.json"},
        ),
    ],
)
def test_the_job_writes_what_was_asked_for(
    encoder: Path, tmp_path: Path, settings: RerankerSettings, files: set[str]
) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    training_set = TrainingSet(PRODUCTS, QUERIES, LISTS, lambda _: np.arange(4))
    student = replace(settings.student, epochs=1)
    chosen = replace(settings, shape=BlockShape(16, 8, 2, 8, 8), student=student)
    train_reranker([training_set, training_set], encoder, folder, chosen, lambda _: None)
    assert {path.name for path in folder.iterdir()} == files
    assert (folder / "heads.safetensors").stat().st_mode & 0o044  # others may read a shipped bundle


def test_a_teacher_that_is_kept_is_read_again(encoder: Path, tmp_path: Path) -> None:
    training_set = TrainingSet(PRODUCTS, QUERIES, LISTS, lambda _: np.arange(4))
    settings = RerankerSettings(BlockShape(16, 8, 2, 8, 8), StudentSettings(epochs=1), teacher=TEACHER)
    kept = replace(settings, teacher_folder=tmp_path / "teacher")
    said = list[str]()
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        train_reranker([training_set], encoder, tmp_path / run, kept, said.append)
    assert said.count(f"the teacher is read from {tmp_path / 'teacher'}") == 1
    first, second = (load_file(tmp_path / run / HEADS) for run in ("first", "second"))
    np.testing.assert_allclose(second["state_projection.weight"], first["state_projection.weight"], atol=1e-3)


def test_the_encoder_learns_in_its_upper_layers_and_stays_near(encoder: Path, tmp_path: Path) -> None:
    training_set = TrainingSet(PRODUCTS, QUERIES, LISTS, lambda _: np.arange(4))
    student = StudentSettings(epochs=2, encoder_layers=1, encoder_rate=1e-3)
    settings = RerankerSettings(BlockShape(16, 8, 2, 8, 8), student)
    train_reranker([training_set], encoder, tmp_path, settings, lambda _: None)
    before = load_file(encoder / "model.safetensors")
    learnt = {
        n.removeprefix("encoder."): t
        for n, t in load_file(tmp_path / HEADS).items()
        if n.startswith("encoder.")
    }
    assert {name.split(".")[2] for name in learnt} == {"1"}  # of the layers 0 and 1
    moved = [float(np.abs(before[name] - tensor).max()) for name, tensor in learnt.items()]
    assert 0 < max(moved) < 0.1


def test_a_cross_encoder_scores_the_same_when_it_is_served(encoder: Path, tmp_path: Path) -> None:
    texts = Texts(QUERIES, PRODUCTS)
    trained = train_cross_encoder(LISTS, texts, encoder, TEACHER, lambda _: None)
    trained.export(tmp_path)
    served = CrossEncoderModel.open(tmp_path, "fp32", threads=1)
    with torch.no_grad():
        expected = trained([QUERIES[0]] * len(PRODUCTS), PRODUCTS).numpy()
    np.testing.assert_allclose(served.score(QUERIES[0], PRODUCTS), expected, atol=0.03)
