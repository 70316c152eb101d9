"""Heads for an encoder that no bundle was made for: principal axes of its own catalogue.

The states of a token are its coordinates along the axes in which the token states of the products
vary most (uncentred). They serve late interaction at once, without training.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.model import PROJECTION, TOKEN_BIAS, TOKEN_WEIGHT
from services.embedding.opening import ENCODER_SHA256, HASH, encoder_files, fits, open_encoder
from services.embedding.weights import DEFAULT_NAME, EncoderFiles
from services.reranker.training.lambdamart import write_description
from services.reranker.training.manifest import write_manifest
from services.reranker.training.prior import PRIOR
from shared.artifacts import new_version
from shared.errors import AisleError, InvalidRequest
from shared.models import bundle
from shared.models.registry import Registry
from shared.product_text import STATE_TOKENS, product_text_of
from shared.snapshot.generation import current_generation, new_version_name

_LOG = logging.getLogger(__name__)
STATE_DIM = 128
_LOOKED_AT = 20_000  # products of the source, of which some are drawn
_SAMPLED = 1_000
_EQUAL = math.log(math.e - 1)  # softplus of it is 1: all query tokens count the same
_WITHOUT_BLOCK = "left out: it is trained for one encoder"

Floats = NDArray[np.float32]


def with_fitting_bundle(data: Path, config: EmbeddingConfig, texts: Iterable[str]) -> EmbeddingConfig:
    """The settings with a bundle whose heads were made for the encoder.

    If the bundle in use was made for another encoder, the last promoted one that fits is promoted
    again. If there is none, one is made of `texts`, the catalogue's. Raises InvalidRequest if the
    settings name a bundle that does not fit.
    """
    chosen = bundle.read(Path(config.bundle)) if config.bundle else None
    if config.model == HASH or (not config.model and chosen and chosen.encoder == DEFAULT_NAME):
        return config  # without the checksum of the weights, which takes a while
    files = encoder_files(config)
    registry = Registry.of(data)
    if chosen and fits(chosen, files):
        return config
    if chosen and chosen.version != registry.version_in_use():
        reason = f"{chosen.version} was made for {chosen.encoder}, not for {files.name}"
        raise InvalidRequest("bundle", f"{reason}; name another, or none")
    fitting = (each.version for each in registry.promoted() if fits(each, files))
    version = next(fitting, None) or _made(data, config, files, texts)
    if not version:
        return replace(config, bundle="")
    registry.promote(version)
    return replace(config, bundle=str(registry.named(version).folder))


def snapshot_texts(data: Path) -> Iterator[str]:
    """The texts of the products of DATA's snapshot. None if there is no readable one."""
    try:
        generation = current_generation(data, verify=False)
    except AisleError as error:  # the part that serves the snapshot reports it
        _LOG.warning("no heads can be made of the snapshot: %s", error)
        return
    if generation is not None:
        products = generation.products
        yield from (product_text_of(products.product(row)) for row in range(len(products)))


def _made(data: Path, config: EmbeddingConfig, files: EncoderFiles, texts: Iterable[str]) -> str:
    """The name of a new bundle. Empty if there are no texts."""
    sample = _sampled(texts)
    if not sample:
        return ""
    encoder = open_encoder(replace(config, bundle=""))
    assert isinstance(encoder, TextEncoder)
    version = new_version_name()
    with new_version(data / bundle.FOLDER, version) as folder:
        save_file(principal_heads(encoder.token_states(sample)), folder / bundle.HEADS)
        write_description(folder, PRIOR)
        training = {
            ENCODER_SHA256: files.weights_sha256,
            "state_projection": f"principal axes of the states of {len(sample)} products",
            "block": _WITHOUT_BLOCK,
            "max_tokens": config.max_tokens,
            "state_tokens": STATE_TOKENS,
        }
        write_manifest(folder, version, ["the catalogue"], {}, training, encoder=files.name)
    _LOG.info("bundle %s has heads for %s, of %s products", version, files.name, len(sample))
    return version


def _sampled(texts: Iterable[str]) -> list[str]:
    """Texts from all over the beginning of the catalogue."""
    first = list(islice(texts, _LOOKED_AT))
    return first[:: -(-len(first) // _SAMPLED)] if first else []


def principal_heads(states: Iterable[Floats]) -> dict[str, Floats]:
    """Heads from the token states (tokens, width) of some texts.

    The projection has at most STATE_DIM axes. All query tokens have the weight 1.
    """
    width, moments = 0, np.zeros((0, 0))
    for each in states:
        wide = each.astype(np.float64)
        width, moments = each.shape[1], wide.T @ wide + (moments if width else 0.0)
    _, axes = np.linalg.eigh(moments)
    return {
        PROJECTION: np.ascontiguousarray(axes[:, ::-1][:, :STATE_DIM].T.astype(np.float32)),
        TOKEN_WEIGHT: np.zeros((1, width), np.float32),
        TOKEN_BIAS: np.full(1, _EQUAL, np.float32),
    }
