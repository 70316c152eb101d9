"""Trains small models, in this process or in the ranks of torchrun: `python -m ... FOLDER SEED`."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from cli.ranks import trains_in_ranks
from services.reranker.query import EncodedQuery
from services.reranker.states import TokenStates
from services.reranker.training.block_training import BlockSettings, trained_blocks
from services.reranker.training.cross_encoder import Texts
from services.reranker.training.graded_page import GradedPage
from services.reranker.training.interaction import BlockShape
from services.reranker.training.job import trained_student
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.ranks import together
from services.reranker.training.student import StudentSettings
from services.training.towers.lessons import TowerLessons, Wanted
from services.training.towers.settings import TowerSettings
from services.training.towers.trainer import train_towers
from tests.integration.training.tiny_encoder import NICKNAMES, THINGS, tiny_encoder

Weights = Mapping[str, torch.Tensor]
SHAPE = BlockShape(hidden=32, state=16, heads=2, width=12, feed_forward=16, query_layers=1)


def student(folder: Path, seed: int) -> Weights:
    """Heads, block and a layer of the encoder; the last batch has one list, fewer than ranks."""
    encoder = tiny_encoder(folder).files.folder
    chance = np.random.default_rng(3)
    lists = [
        JudgedList(
            place % len(NICKNAMES),
            chance.choice(len(THINGS), 4 + place % 5, replace=False),
            chance.integers(0, 4, 4 + place % 5).astype(np.float32),
            chance.normal(size=4 + place % 5).astype(np.float32),
        )
        for place in range(13)
    ]
    texts = Texts(NICKNAMES, THINGS)
    settings = StudentSettings(
        encoder_layers=1,
        epochs=2,
        batch_lists=4,
        longest_list=6,
        encoder_rate=1e-3,
        bf16=False,
        seed=seed,
    )
    made = together(trained_student, lists, texts, encoder, SHAPE, settings)
    return {name: tensor.detach() for name, tensor in made.state_dict().items()}


def towers(folder: Path, seed: int) -> Weights:
    """The layers of an encoder, whose batches have negatives of all ranks."""
    wanted = [Wanted(nickname, {row: 1.0}) for row, nickname in enumerate(NICKNAMES)]
    lessons = TowerLessons("things", THINGS, wanted, wanted, lambda query: list(range(8)))
    settings = TowerSettings(
        hardest=0, batch_pairs=8, learning_rate=3e-3, dropout=0.0, most_steps=8, eval_steps=4
    )
    settings = replace(settings, draws=6, bf16=False, seed=seed)
    made = train_towers([lessons], tiny_encoder(folder), settings, lambda _: None)
    return {name: torch.from_numpy(tensor) for name, tensor in made.tensors.items()}


def block(folder: Path, seed: int) -> Weights:
    """A block on a teacher's scores."""
    chance = np.random.default_rng(5)
    counts = chance.integers(2, 7, 30)
    tokens = chance.integers(-127, 128, (int(counts.sum()), SHAPE.state)).astype(np.int8)
    states = TokenStates(tokens, np.append(0, np.cumsum(counts)))
    pages = [_page(chance) for _ in range(9)]
    settings = BlockSettings(epochs=2, batch_pages=4, seed=seed)
    last = list(trained_blocks(pages, states, SHAPE, settings))[-1]
    return {name: tensor.detach() for name, tensor in last.state_dict().items()}


def _page(chance: np.random.Generator) -> GradedPage:
    tokens, count = int(chance.integers(2, 6)), int(chance.integers(3, 9))
    query = EncodedQuery(
        "query",
        chance.normal(size=(tokens, SHAPE.hidden)).astype(np.float32),
        chance.normal(size=(tokens, SHAPE.state)).astype(np.float32),
        np.ones(tokens, np.float32),
    )
    scores = chance.normal(size=count).astype(np.float32)
    return GradedPage(query, chance.choice(30, count, replace=False), scores)


MODELS: Mapping[str, Callable[[Path, int], Weights]] = {"student": student, "block": block, "towers": towers}


@trains_in_ranks
def main(folder: Path, seed: int) -> None:
    """Train all models, and write the weights of each to FOLDER from the first rank."""
    for name, train in MODELS.items():
        weights = train(folder / f"{name}.encoder", seed)
        save_file({each: tensor.clone() for each, tensor in weights.items()}, folder / name)


if __name__ == "__main__":
    main(folder=Path(sys.argv[1]), seed=int(sys.argv[2]))
