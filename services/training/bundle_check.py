"""Checks before a promotion that a bundle's models open, fit together and give finite scores."""

import numpy as np

from services.embedding.model import PROJECTION, TOKEN_WEIGHT, read_heads
from services.reranker.block import BlockModel
from services.reranker.cross_encoder import CrossEncoderModel
from services.reranker.features import FEATURES
from services.reranker.query import EncodedQuery
from services.reranker.ranker import Ranker
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.ranker import RecommendRanker
from shared.errors import AisleError, Corrupt
from shared.models.bundle import BLOCK, CROSS_ENCODER, HEADS, RANKER_FEATURES, RECOMMEND, Bundle

_PRODUCTS = 8
_TOKENS = 6


def check_models(bundle: Bundle) -> None:
    """Raises Corrupt for the first unusable model, naming the bundle and the file."""
    for name, check in (
        (RANKER_FEATURES, _check_ranker),
        (RECOMMEND, _check_recommend),
        (HEADS, _check_heads),
        (BLOCK, _check_block),
        (CROSS_ENCODER, _check_cross_encoder),
    ):
        if name == RANKER_FEATURES or bundle.path(name):
            try:
                check(bundle)
            except AisleError as error:
                raise Corrupt(f"bundle {bundle.version} cannot be used: {error}") from error
            except Exception as error:  # libraries raise various errors for a model that they cannot run
                reason = str(error).partition("\n")[0][:200]
                raise Corrupt(
                    f"bundle {bundle.version} cannot be used: {bundle.folder / name} fails ({reason})"
                ) from error


def _check_ranker(bundle: Bundle) -> None:
    matrix = np.random.default_rng(0).normal(size=(_PRODUCTS, len(FEATURES))).astype(np.float32)
    with np.errstate(all="ignore"):
        _check_scores(bundle, RANKER_FEATURES, Ranker.open(bundle.folder).score(matrix))


def _check_recommend(bundle: Bundle) -> None:
    ranker = RecommendRanker.open(bundle.folder)
    matrix = np.random.default_rng(0).normal(size=(_PRODUCTS, len(RECOMMEND_FEATURES))).astype(np.float32)
    for placement in ranker.trees:
        _check_scores(bundle, RECOMMEND, ranker.score(matrix, placement))


def _check_heads(bundle: Bundle) -> None:
    path = bundle.folder / HEADS
    tensors = read_heads(path)
    if PROJECTION not in tensors:
        raise Corrupt(f"{path} has no {PROJECTION}, without which no product can be read")
    widths = {tensors[name].shape[-1] for name in (PROJECTION, TOKEN_WEIGHT) if name in tensors}
    if len(widths) > 1:
        raise Corrupt(
            f"{path} reads {' and '.join(map(str, sorted(widths)))} values a token, for one encoder"
        )


def _check_block(bundle: Bundle) -> None:
    heads = bundle.path(HEADS)
    path = bundle.path(BLOCK)
    tensors = read_heads(heads) if heads else {}
    if PROJECTION not in tensors or path is None:
        raise Corrupt(f"{bundle.folder / BLOCK} needs {PROJECTION} of {HEADS}, which is not there")
    state_dim, hidden_dim = tensors[PROJECTION].shape
    random = np.random.default_rng(0)

    def states(*shape: int) -> np.ndarray:
        drawn = random.normal(size=shape).astype(np.float32)
        unit: np.ndarray = drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
        return unit

    query = EncodedQuery(
        "", states(_TOKENS, hidden_dim), states(_TOKENS, state_dim), np.ones(_TOKENS, np.float32)
    )
    mask = np.ones((_PRODUCTS, _TOKENS), np.bool_)
    _check_scores(
        bundle,
        BLOCK,
        BlockModel.open(path, "fp32").score(query, states(_PRODUCTS, _TOKENS, state_dim), mask),
    )


def _check_cross_encoder(bundle: Bundle) -> None:
    model = CrossEncoderModel.open(bundle.folder, "fp32", 1)
    _check_scores(bundle, CROSS_ENCODER, model.score("a query", ["a product"] * _PRODUCTS))


def _check_scores(bundle: Bundle, name: str, scores: np.ndarray) -> None:
    if scores.shape != (_PRODUCTS,) or not np.isfinite(scores).all():
        raise Corrupt(f"{bundle.folder / name} does not give one finite score per product")
