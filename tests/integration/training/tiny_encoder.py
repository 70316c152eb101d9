"""A BERT of two layers over a few words, for tests of training."""

import json
from pathlib import Path

from services.embedding.model import EncoderSource
from services.embedding.weights import EncoderFiles
from shared.artifacts import sha256

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
THINGS = [f"thing{place}" for place in range(12)]
NICKNAMES = [f"nickname{place}" for place in range(12)]


def tiny_encoder(folder: Path) -> EncoderSource:
    """An encoder with random weights, in which no word is near another."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    words = {word: place for place, word in enumerate([*WORDS, *THINGS, *NICKNAMES])}
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=words).save_pretrained(str(folder))
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(str(folder))
    assert json.loads((folder / "config.json").read_text())["model_type"] == "bert"
    model = folder / "model.safetensors"
    return EncoderSource(EncoderFiles(folder, "tiny", sha256(model)), None, max_tokens=16)
