"""The encoder's weights, with those of a bundle on top."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.embedding import families
from services.embedding.encoding import EncoderIdentity
from services.embedding.sentence_model import DENSE_FILE, DenseModule, SentenceModel
from services.embedding.weights import EncoderFiles, Tensors, read_tensors
from shared.errors import Corrupt
from shared.models.bundle import ENCODER_PREFIX, HEADS, Bundle
from shared.product_text import MAX_TOKENS

PROJECTION = "state_projection.weight"
TOKEN_WEIGHT = "token_weight.weight"
TOKEN_BIAS = "token_weight.bias"


@dataclass(frozen=True)
class DenseWeights:
    """The weights of a layer after pooling."""

    weight: NDArray[Any]  # (width, inputs)
    bias: NDArray[Any] | None  # (width,)
    activation: str  # ONNX's operator; "": none


@dataclass(frozen=True)
class EncoderModel:
    """All data that an engine is built from."""

    tensors: Tensors  # by BERT's names; none if the model's own graph is used
    architecture: dict[str, Any]  # config.json, with BERT's names
    heads: Tensors
    sentence: SentenceModel = field(default_factory=SentenceModel)
    dense: tuple[DenseWeights, ...] = ()
    graph: Path | None = None  # the model's own ONNX graph, which is used instead of ours


@dataclass(frozen=True)
class EncoderSource:
    """The source of a model.

    It is read whenever an engine is built, so that the weights do not stay in memory.
    """

    files: EncoderFiles
    bundle: Bundle | None
    # Of a product's text, with [CLS] and [SEP]; the bundle's value takes precedence
    max_tokens: int = MAX_TOKENS

    def setting(self, name: str, default: int) -> int:
        """A value of the bundle's training: max_tokens, state_tokens."""
        value = self.bundle.training.get(name, default) if self.bundle else default
        if not isinstance(value, int):
            raise Corrupt(f"bundle.json: training.{name} is {value!r}, not a number; train the bundle again")
        return value

    @property
    def product_tokens(self) -> int:
        """The number of tokens read of a product's text, at most what the model can read."""
        return min(self.setting("max_tokens", self.max_tokens), self.files.max_tokens)

    def identity(self) -> EncoderIdentity:
        """The fields that name the encoder. Reads the heads only."""
        config = self.files.architecture()
        heads = _heads(self._bundle_tensors())
        state_dim = heads[PROJECTION].shape[0] if PROJECTION in heads else 0
        version = self.bundle.version if self.bundle else ""
        made_with = self.bundle.files.get(HEADS, "") if self.bundle else ""
        dim = self.files.sentence.width(config["hidden_size"])
        sizes = (dim, state_dim, self.product_tokens)
        return EncoderIdentity(self.files.name, self.files.sha256, *sizes, version, made_with)

    def read(self) -> EncoderModel:
        """Read the weights.

        Raises Corrupt if a file cannot be read or a tensor has the wrong shape.
        """
        config = self.files.architecture()
        given = self._bundle_tensors()
        _check_shapes(_heads(given), config["hidden_size"])
        sentence = self.files.sentence
        dense = tuple(_dense(self.files.folder, each) for each in sentence.dense)
        graph = self.files.graph()
        tensors = self._tensors(config, given) if graph is None else self._none(given)
        return EncoderModel(tensors, config, _heads(given), sentence, dense, graph)

    def _tensors(self, config: dict[str, Any], given: Tensors) -> Tensors:
        """The encoder's weights by BERT's names, those of the bundle in their places."""
        try:
            tensors = dict(families.as_bert(self.files.tensors(), config))
        except KeyError as error:
            raise Corrupt(f"{self.files.folder} has no tensor {error}; fetch the model again") from error
        for name, tensor in given.items():
            if name.startswith(ENCODER_PREFIX):
                _replace(tensors, name.removeprefix(ENCODER_PREFIX), tensor)
        return tensors

    def _none(self, given: Tensors) -> Tensors:
        """No weights. Raises Corrupt if the bundle has some for an encoder."""
        if any(name.startswith(ENCODER_PREFIX) for name in given):
            reason = f"{HEADS} has weights of an encoder, but {self.files.name} has a graph of its own"
            raise Corrupt(f"{reason}; promote another bundle")
        return {}

    def _bundle_tensors(self) -> Tensors:
        path: Path | None = self.bundle.path(HEADS) if self.bundle else None
        return read_heads(path) if path else {}


def read_heads(path: Path) -> Tensors:
    """A bundle's heads, and its changes to the encoder's weights.

    Raises Corrupt if they cannot be read or are not finite.
    """
    tensors = read_tensors(path)
    if strange := [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]:
        raise Corrupt(
            f"{path}: {strange[0]} has numbers that are not finite; train the bundle again or roll back"
        )
    return tensors


def _heads(tensors: Tensors) -> Tensors:
    return {name: tensors[name] for name in (PROJECTION, TOKEN_WEIGHT, TOKEN_BIAS) if name in tensors}


def _dense(folder: Path, module: DenseModule) -> DenseWeights:
    tensors = read_tensors(folder / module.folder / DENSE_FILE)
    if "linear.weight" not in tensors:
        path = folder / module.folder / DENSE_FILE
        raise Corrupt(f"{path} has no linear.weight; fetch the model again")
    return DenseWeights(tensors["linear.weight"], tensors.get("linear.bias"), module.activation)


def _replace(tensors: dict[str, Any], name: str, tensor: Any) -> None:
    if name not in tensors or tensors[name].shape != tensor.shape:
        raise Corrupt(f"{HEADS}: {ENCODER_PREFIX}{name} is no tensor of the encoder, or has another shape")
    tensors[name] = tensor


def _check_shapes(heads: Tensors, hidden: int) -> None:
    for name in (PROJECTION, TOKEN_WEIGHT):
        if name in heads and heads[name].shape[1:] != (hidden,):
            raise Corrupt(
                f"{HEADS}: {name} has the shape {heads[name].shape}; its rows must have {hidden} values"
            )
