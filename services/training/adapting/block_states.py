"""The states of a block in training, as files that the reranker opens. Needs torch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx

from services.reranker.training.block_graph import block_graph
from services.reranker.training.block_training import BlockSettings, trained_blocks
from services.reranker.training.graded_page import GradedPage
from services.reranker.training.interaction import BlockShape
from services.training.judged_shop import JudgedShop

# Teachers read a query's words together. One layer takes 0.2 ms a page, whatever is on it.
_QUERY_LAYERS = 1


def block_states(
    pages: Sequence[GradedPage], shop: JudgedShop, folder: Path, epochs: int, seed: int
) -> Iterator[Path]:
    """The block after each epoch of training on `pages`, as a file in FOLDER."""
    assert shop.reranker is not None
    states = shop.reranker.snapshot.states
    hidden = pages[0].query.hidden.shape[1]
    shape = BlockShape(hidden=hidden, state=states.dim, query_layers=_QUERY_LAYERS)
    settings = BlockSettings(epochs=epochs, seed=seed)
    for place, block in enumerate(trained_blocks(pages, states, shape, settings)):
        path = folder / f"{place}.onnx"
        onnx.save(block_graph(block, shape), path)
        yield path
