"""Unpacks a BERT whose weights are in blocks of 4 bits: Q4_0, as in ggml.

A block has 32 values of a row, as 18 bytes: a scale (float16), and 16 bytes. Byte j has value j in
its low half and value j + 16 in its high half, each plus 8. The file begins with the sizes of the
model, a tokenizer, and a directory of the tensors.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import Corrupt

MAGIC = b"E5S1"
BLOCK = 32
_BYTES = 2 + BLOCK // 2
_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_ENDS = {"w": "weight", "b": "bias"}

Halves = NDArray[np.float16]


def convert(path: Path) -> None:
    """Replace the file by model.safetensors, in float16, and config.json beside it.

    Raises Corrupt if it is no such file.
    """
    from safetensors.numpy import save_file  # a process without models does not need it

    try:
        config, tensors = unpack(path.read_bytes())
    except (struct.error, ValueError, KeyError, IndexError) as error:
        raise Corrupt(f"{path} has no blocks of 4 bits that can be read ({error!r})") from error
    save_file(tensors, path.with_name("model.safetensors"))
    path.with_name("config.json").write_text(json.dumps(config, indent=1) + "\n")
    path.unlink()


def unpack(content: bytes) -> tuple[dict[str, object], dict[str, Halves]]:
    """The config.json and the tensors, by their Hugging Face names.

    Raises struct.error, ValueError, KeyError or IndexError if the content is of another kind.
    """
    reader = _Reader(content)
    if reader.take(4) != MAGIC:
        raise ValueError(f"it does not begin with {MAGIC.decode()}")
    reader.numbers("<I")  # the version
    sizes = dict(zip(_SIZES, reader.numbers("<7i"), strict=True))
    epsilon, block = reader.numbers("<fi")
    if block != BLOCK:
        raise ValueError(f"its blocks have {block} values, not {BLOCK}")
    _skip_tokenizer(reader)
    (count,) = reader.numbers("<i")
    tensors = dict(_tensor(reader, sizes) for _ in range(count))
    fixed = {"model_type": "bert", "hidden_act": "gelu", "pad_token_id": 0}
    return {**fixed, **sizes, "layer_norm_eps": float(epsilon)}, tensors


@dataclass
class _Reader:
    content: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        begin, self.at = self.at, self.at + count
        return self.content[begin : self.at]

    def numbers(self, layout: str) -> tuple[int, ...]:
        """The next numbers, as struct reads them."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))


def _skip_tokenizer(reader: _Reader) -> None:
    pieces = reader.numbers("<5i")[0]
    (letters,) = reader.numbers("<Q")
    reader.take(4 * (pieces + 1) + 4 * pieces + letters)
    reader.take(reader.numbers("<iI")[1])


def _tensor(reader: _Reader, sizes: dict[str, int]) -> tuple[str, Halves]:
    """The name and the values of the next tensor of the directory."""
    (length,) = reader.numbers("<H")
    short = reader.take(length).decode()
    packed, count, offset, _ = reader.numbers("<BIQQ")
    read = _blocks if packed else _floats
    values = read(reader.content, offset, count)
    name = _name(short)
    is_last = name.endswith(".output.dense.weight") and ".attention." not in name
    width = sizes["intermediate_size" if is_last else "hidden_size"]
    is_vector = "LayerNorm" in name or name.endswith("bias")
    return name, values if is_vector else values.reshape(-1, width)


def _name(short: str) -> str:
    if short in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[short]}"
    layer, part, end = short.split(".")
    return f"encoder.layer.{int(layer[1:])}.{_LAYER[part]}.{_ENDS[end]}"


def _floats(content: bytes, offset: int, count: int) -> Halves:
    return np.frombuffer(content, "<f4", count, offset).astype(np.float16)


def _blocks(content: bytes, offset: int, count: int) -> Halves:
    layout = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
    assert layout.itemsize == _BYTES
    blocks = np.frombuffer(content, layout, count // BLOCK, offset)
    values = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
    scales = blocks["scale"][:, None].astype(np.float32)
    made: Halves = ((values.astype(np.float32) - 8) * scales).astype(np.float16)
    return made.reshape(-1)
