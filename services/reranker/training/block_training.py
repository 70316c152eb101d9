"""Trains the interaction block alone on a teacher's scores.

The heads stay as they are, and with them the states of a snapshot: products need not be encoded
again for the new block.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.reranker.states import TokenStates
from services.reranker.training.graded_page import GradedPage, padded, with_own_states
from services.reranker.training.interaction import BlockShape, InteractionBlock, QueryTokens
from services.reranker.training.losses import listwise_to_teacher, margin_mse
from services.reranker.training.ranks import part_of, together
from services.reranker.training.steps import Steps


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """Settings for training; the defaults take a minute for 1,500 pages on one core."""

    epochs: int = 3
    batch_pages: int = 16
    learning_rate: float = 1e-3
    scale: float = 2.0  # of the teacher's standardised scores
    margin_share: float = 1.0
    list_share: float = 1.0
    seed: int = 0


def trained_blocks(
    pages: Sequence[GradedPage], states: TokenStates, shape: BlockShape, settings: BlockSettings
) -> Iterator[InteractionBlock]:
    """The block after each epoch, the same object each time.

    It begins as MaxSim. The shipped block is no better start: it has learnt other grades, and came
    to less on two catalogues.
    """
    return together(_trained, *with_own_states(pages, states), shape, settings)


def _trained(
    pages: Sequence[GradedPage], states: TokenStates, shape: BlockShape, settings: BlockSettings
) -> Iterator[InteractionBlock]:
    torch.manual_seed(settings.seed)
    chance = np.random.default_rng(settings.seed)
    block = InteractionBlock(shape)
    count = settings.epochs * math.ceil(len(pages) / settings.batch_pages)
    steps = Steps([{"params": list(block.parameters()), "lr": settings.learning_rate}], count)
    for _ in range(settings.epochs):
        order = chance.permutation(len(pages))
        for start in range(0, len(order), settings.batch_pages):
            batch = [pages[place] for place in order[start : start + settings.batch_pages]]
            part = part_of(batch)
            steps.take(_loss(block, part, states, settings, len(batch)) if part else None)
        yield block


def _loss(
    block: InteractionBlock,
    pages: Sequence[GradedPage],
    states: TokenStates,
    settings: BlockSettings,
    lists: int,
) -> Tensor:
    """The part of `pages` in the loss of a batch of `lists` pages."""
    arrays = [torch.from_numpy(array) for array in padded(pages, states)]
    query = QueryTokens(*arrays[:4])
    product_states, product_mask, teacher, mask = arrays[4:]
    wanted = settings.scale * teacher
    found = block(query, product_states, product_mask)
    margins = margin_mse(found, wanted, mask, lists)
    orders = listwise_to_teacher(found, wanted, mask, lists)
    return settings.margin_share * margins + settings.list_share * orders
