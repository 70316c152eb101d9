"""Trains the reranker of a bundle.

Encodes, draws negatives, scores lists with a teacher if there is one, and trains the student.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from services.reranker.training.cross_encoder import (
    CrossEncoder,
    CrossEncoderSettings,
    Texts,
    is_kept,
    train_cross_encoder,
    with_teacher_scores,
)
from services.reranker.training.encodings import Corpus, EncodedTexts
from services.reranker.training.frozen_encoder import FrozenEncoder
from services.reranker.training.interaction import BlockShape
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.negatives import Negatives
from services.reranker.training.precision import bf16_is_faster
from services.reranker.training.ranks import together
from services.reranker.training.student import Report, Student, StudentSettings, silent, train_student
from services.reranker.training.student_files import write_student
from services.reranker.training.tokens import token_ids
from services.reranker.training.trained_encoder import TrainedEncoder, TrainedTexts
from services.reranker.training.training_set import TrainingSet
from shared.product_text import MAX_TOKENS, STATE_TOKENS

QUERY_TOKENS = 32


@dataclass(frozen=True)
class RerankerSettings:
    """Settings of a run."""

    shape: BlockShape = field(default_factory=BlockShape)
    student: StudentSettings = field(default_factory=StudentSettings)
    hard_negatives: int = 6
    random_negatives: int = 2
    teacher: CrossEncoderSettings | None = None  # None: the student is trained on the judgments alone
    # Folder of the teacher: read if it has one, otherwise written
    teacher_folder: Path | None = None
    # A small cross-encoder, for comparison with the block
    cross_encoder: CrossEncoderSettings | None = None
    seed: int = 0


# With thousands of judged queries the encoder is trained too, in half an hour on two cores for
# 9,000. There are no hard negatives then: many retrieved products are good, and a whole encoder
# would learn to score them low.
END_TO_END = RerankerSettings(
    student=StudentSettings(
        encoder_layers=6, epochs=1, projection_rate=0.2, list_share=0.3, pointwise_share=1.0
    ),
    hard_negatives=0,
    random_negatives=1,
)


def train_reranker(
    sets: Sequence[TrainingSet],
    encoder_folder: Path,
    folder: Path,
    settings: RerankerSettings | None = None,
    report: Report = print,
) -> Student:
    """Train on all sets together and write FOLDER/heads.safetensors and FOLDER/block.onnx."""
    chosen = settings or RerankerSettings()
    lists = _lists(sets, chosen)
    report(f"{len(lists)} lists of {np.mean([len(judged) for judged in lists]):.0f} products")
    texts = Texts(
        [query for each in sets for query in each.queries],
        [t for each in sets for t in each.product_texts],
    )
    if chosen.teacher:
        lists = _with_teacher(lists, texts, encoder_folder, chosen, report)
    if chosen.cross_encoder:
        train_cross_encoder(lists, texts, encoder_folder, chosen.cross_encoder, report).export(folder)
    # Decided once: each rank would measure by itself
    bf16 = bf16_is_faster() if chosen.student.bf16 is None else chosen.student.bf16
    of_student = replace(chosen.student, bf16=bf16)
    student = together(trained_student, lists, texts, encoder_folder, chosen.shape, of_student, report=report)
    write_student(student, folder)
    return student


def trained_student(  # noqa: PLR0913 - the parts of a training
    lists: Sequence[JudgedList],
    texts: Texts,
    folder: Path,
    shape: BlockShape,
    settings: StudentSettings,
    report: Report = silent,
) -> Student:
    """Encode the texts and train a student on the lists, as each rank does."""
    layers = settings.encoder_layers
    bf16 = bool(settings.bf16)
    encoder = TrainedEncoder(folder, layers, bf16) if layers else None
    corpus = _encode(texts, FrozenEncoder(folder, bf16), encoder, report)
    return train_student(lists, corpus, shape, settings, report, encoder)


def _encode(texts: Texts, frozen: FrozenEncoder, encoder: TrainedEncoder | None, report: Report) -> Corpus:
    report(f"encoding {len(texts.products)} products")

    def encoded(texts: Sequence[str], max_tokens: int, state_tokens: int) -> EncodedTexts:
        found = frozen.encode(texts, max_tokens, state_tokens)
        if encoder is None:
            return found
        return TrainedTexts(encoder, token_ids(frozen.tokenizer, texts, state_tokens), found.vectors)

    queries = encoded(texts.queries, QUERY_TOKENS, QUERY_TOKENS)
    return Corpus(queries, encoded(texts.products, MAX_TOKENS, STATE_TOKENS))


def _with_teacher(
    lists: Sequence[JudgedList],
    texts: Texts,
    folder: Path,
    settings: RerankerSettings,
    report: Report,
) -> list[JudgedList]:
    """The lists with scores of the saved teacher, or of one trained on them."""
    assert settings.teacher is not None
    kept = settings.teacher_folder
    if kept and is_kept(kept):
        report(f"the teacher is read from {kept}")
        return with_teacher_scores(lists, texts, CrossEncoder(kept, settings.teacher))
    teacher = train_cross_encoder(lists, texts, folder, settings.teacher, report)
    if kept:
        teacher.save(kept)
    return with_teacher_scores(lists, texts, teacher)


def _lists(sets: Sequence[TrainingSet], settings: RerankerSettings) -> list[JudgedList]:
    """The lists of all sets with negatives; rows and queries are numbered across all sets."""
    generator = np.random.default_rng(settings.seed)
    lists: list[JudgedList] = []
    first_query = first_row = 0
    for each in sets:
        count = len(each.product_texts)
        negatives = Negatives(each.recall, count, settings.hard_negatives, settings.random_negatives)
        for judged in each.judged:
            full = negatives.beside(judged, generator)
            lists.append(replace(full, query=full.query + first_query, rows=full.rows + first_row))
        first_query = first_query + len(each.queries)
        first_row = first_row + count
    return lists
