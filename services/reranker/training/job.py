"""Train the reranker of a bundle: encode, find negatives, let a teacher speak if there is one, train the student."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from services.reranker.training.encodings import Corpus
from services.reranker.training.export import write_student
from services.reranker.training.frozen_encoder import FrozenEncoder
from services.reranker.training.interaction import BlockShape
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.negatives import Negatives, Recall
from services.reranker.training.student import Report, Student, StudentSettings, train_student
from services.reranker.training.teacher import TeacherSettings, Texts, train_teacher, with_teacher_scores
from shared.product_text import MAX_TOKENS, STATE_TOKENS

QUERY_TOKENS = 32


@dataclass(frozen=True)
class TrainingSet:
    """One catalogue with judged queries; rows are places in `product_texts`, queries places in `queries`."""

    product_texts: Sequence[str]
    queries: Sequence[str]
    judged: Sequence[JudgedList]
    recall: Recall


@dataclass(frozen=True)
class RerankerSettings:
    """What a run is made of."""

    shape: BlockShape = field(default_factory=BlockShape)
    student: StudentSettings = field(default_factory=StudentSettings)
    hard_negatives: int = 6
    random_negatives: int = 2
    teacher: TeacherSettings | None = None  # None: the student learns from the judgments alone
    seed: int = 0


def train_reranker(
    sets: Sequence[TrainingSet],
    encoder_folder: Path,
    folder: Path,
    settings: RerankerSettings | None = None,
    report: Report = print,
) -> Student:
    """Train on all sets together and write FOLDER/heads.safetensors and FOLDER/block.onnx."""
    chosen = settings or RerankerSettings()
    corpus = _encode(sets, FrozenEncoder(encoder_folder), report)
    lists = _lists(sets, chosen)
    report(f"{len(lists)} lists of {np.mean([len(judged) for judged in lists]):.0f} products")
    if chosen.teacher:
        lists = _taught(lists, sets, encoder_folder, chosen.teacher, report)
    student = train_student(lists, corpus, chosen.shape, chosen.student, report)
    write_student(student, folder)
    return student


def _encode(sets: Sequence[TrainingSet], encoder: FrozenEncoder, report: Report) -> Corpus:
    texts = [text for each in sets for text in each.product_texts]
    report(f"encoding {len(texts)} products")
    products = encoder.encode(texts, MAX_TOKENS, STATE_TOKENS)
    queries = encoder.encode([query for each in sets for query in each.queries], QUERY_TOKENS, QUERY_TOKENS)
    return Corpus(queries, products)


def _taught(
    lists: Sequence[JudgedList], sets: Sequence[TrainingSet], folder: Path, settings: TeacherSettings, report: Report
) -> list[JudgedList]:
    """The lists with the opinion of a teacher trained on them."""
    queries = [query for each in sets for query in each.queries]
    texts = Texts(queries, [text for each in sets for text in each.product_texts])
    return with_teacher_scores(lists, texts, train_teacher(lists, texts, folder, settings, report))


def _lists(sets: Sequence[TrainingSet], settings: RerankerSettings) -> list[JudgedList]:
    """Lists of all sets with negatives, their rows and queries counted through all sets."""
    generator = np.random.default_rng(settings.seed)
    lists: list[JudgedList] = []
    first_query = first_row = 0
    for each in sets:
        count = len(each.product_texts)
        negatives = Negatives(each.recall, count, settings.hard_negatives, settings.random_negatives)
        for judged in each.judged:
            full = negatives.beside(judged, generator)
            lists.append(replace(full, query=full.query + first_query, rows=full.rows + first_row))
        first_query, first_row = first_query + len(each.queries), first_row + count
    return lists
