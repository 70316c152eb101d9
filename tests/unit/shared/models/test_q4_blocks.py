"""Weights in blocks of 4 bits."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from shared.errors import Corrupt
from shared.models.q4_blocks import BLOCK, MAGIC, convert

SCALE = 0.5


def packed(values: np.ndarray) -> bytes:
    """Rows of numbers from -8 to 7 as blocks."""
    made = b""
    for block in values.reshape(-1, BLOCK):
        low, high = (block[:16] + 8).astype(np.uint8), (block[16:] + 8).astype(np.uint8)
        made += np.float16(SCALE).tobytes() + (low | high << 4).tobytes()
    return made


def file_of(word: np.ndarray, bias: np.ndarray) -> bytes:
    """A file with two tensors: word vectors in blocks, and a bias of floats."""
    head = MAGIC + struct.pack("<I7ifi", 1, 32, 1, 2, 64, len(word), 16, 2, 1e-12, BLOCK)
    # A tokenizer of one piece with one letter, and no map of letters
    head += (
        struct.pack("<5iQ", 1, 0, 2, 1, 3, 1)
        + struct.pack("<2If", 0, 1, 0.0)
        + b"a"
        + struct.pack("<iI", 0, 0)
    )
    names = {"emb.word": (1, word.size, packed(word)), "l0.q.b": (0, bias.size, bias.tobytes())}
    directory = sum(2 + len(name) + 21 for name in names) + 4
    at, entries, bodies = len(head) + directory, struct.pack("<i", len(names)), b""
    for name, (kind, count, body) in names.items():
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", kind, count, at + len(bodies), len(body))
        bodies += body
    return head + entries + bodies


def test_blocks_become_tensors_with_their_own_names(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    word = random.integers(-8, 8, (5, 32)).astype(np.int64)
    bias = random.normal(size=32).astype(np.float32)
    (tmp_path / "model.bin").write_bytes(file_of(word, bias))
    convert(tmp_path / "model.bin")
    tensors = load_file(tmp_path / "model.safetensors")
    assert np.array_equal(tensors["embeddings.word_embeddings.weight"], (word * SCALE).astype(np.float16))
    assert np.array_equal(tensors["encoder.layer.0.attention.self.query.bias"], bias.astype(np.float16))
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["model_type"], config["hidden_size"], config["num_attention_heads"]) == ("bert", 32, 2)
    assert not (tmp_path / "model.bin").exists()


@pytest.mark.parametrize("content", [b"", b"GGUF" + bytes(200), MAGIC + bytes(20)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(Corrupt, match=r"model\.bin has no blocks of 4 bits"):
        convert(tmp_path / "model.bin")
