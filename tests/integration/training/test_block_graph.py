from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from services.reranker.training.block_graph import block_graph  # noqa: E402
from services.reranker.training.interaction import BlockShape, InteractionBlock, QueryTokens  # noqa: E402

SHAPE = BlockShape(hidden=12, state=8, heads=2, width=10, feed_forward=16)


@pytest.fixture(params=[0, 2], ids=["shipped", "with query layers"])
def shape(request: pytest.FixtureRequest) -> BlockShape:
    return replace(SHAPE, query_layers=request.param)


@pytest.fixture
def block(shape: BlockShape) -> InteractionBlock:
    torch.manual_seed(0)
    block = InteractionBlock(shape)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    block.eval()
    return block


def _inputs(count: int, tokens: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    states = [generator.normal(size=shape).astype(np.float32) for shape in ((3, 8), (count, tokens, 8))]
    query, products = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in states)
    return {
        "query_hidden": generator.normal(size=(3, 12)).astype(np.float32),
        "query_states": query,
        "token_weights": generator.uniform(size=3).astype(np.float32),
        "product_states": products,
        "product_mask": (np.arange(tokens) < generator.integers(1, tokens + 1, size=(count, 1))).astype(
            np.float32
        ),
    }


def _exported(block: InteractionBlock, shape: BlockShape, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(block_graph(block, shape).SerializeToString())
    scores: np.ndarray = session.run(["score"], inputs)[0]
    return scores


def test_the_exported_block_scores_as_the_trained_one(block: InteractionBlock, shape: BlockShape) -> None:
    inputs = _inputs(count=6, tokens=5)
    one = {name: torch.from_numpy(value)[None] for name, value in inputs.items()}
    query = QueryTokens(
        one["query_hidden"],
        one["query_states"],
        one["token_weights"],
        torch.ones(1, 3, dtype=torch.bool),
    )
    with torch.no_grad():
        trained = block(query, one["product_states"], one["product_mask"] > 0)[0].numpy()
    np.testing.assert_allclose(_exported(block, shape, inputs), trained, rtol=1e-4, atol=1e-4)


def test_padding_does_not_change_a_score(block: InteractionBlock, shape: BlockShape) -> None:
    inputs = _inputs(count=2, tokens=4)
    wider = inputs | {
        "product_states": np.pad(inputs["product_states"], ((0, 0), (0, 3), (0, 0)), constant_values=0.5),
        "product_mask": np.pad(inputs["product_mask"], ((0, 0), (0, 3))),
    }
    np.testing.assert_allclose(_exported(block, shape, wider), _exported(block, shape, inputs), atol=1e-4)


def test_a_product_without_states_has_a_finite_score(block: InteractionBlock, shape: BlockShape) -> None:
    inputs = _inputs(count=1, tokens=4)
    assert np.isfinite(_exported(block, shape, inputs | {"product_mask": np.zeros((1, 4), np.float32)})).all()


def test_layers_over_the_query_begin_as_if_they_were_not_there() -> None:
    torch.manual_seed(0)
    plain = InteractionBlock(SHAPE)
    layered = InteractionBlock(replace(SHAPE, query_layers=2))
    layered.load_state_dict(plain.state_dict(), strict=False)
    inputs = _inputs(count=4, tokens=5)
    found = _exported(layered, replace(SHAPE, query_layers=2), inputs)
    np.testing.assert_allclose(found, _exported(plain, SHAPE, inputs), atol=1e-5)


def test_padded_tokens_of_a_query_do_not_change_a_score(block: InteractionBlock, shape: BlockShape) -> None:
    inputs = {name: torch.from_numpy(value)[None] for name, value in _inputs(3, 4).items()}
    mask = torch.tensor([[True, True, False]])
    weights = inputs["token_weights"] * mask
    products = inputs["product_states"], inputs["product_mask"] > 0
    hidden, states = inputs["query_hidden"], inputs["query_states"]
    with torch.no_grad():
        padded = block(QueryTokens(hidden, states, weights, mask), *products)
        short = block(QueryTokens(hidden[:, :2], states[:, :2], weights[:, :2], mask[:, :2]), *products)
    np.testing.assert_allclose(padded.numpy(), short.numpy(), atol=1e-4)
