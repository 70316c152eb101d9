"""Texts as token ids for the encoder, padded to one length."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor


def token_ids(tokenizer: Path, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """The first `max_tokens` token ids of each text."""
    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_padding()
    reader.enable_truncation(max_tokens)
    return [encoding.ids for encoding in reader.encode_batch(list(texts))]


def padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids (texts, t) int64, and which of them are real (texts, t) bool."""
    padded = torch.zeros(len(ids), max(map(len, ids)), dtype=torch.long)
    mask = torch.zeros_like(padded, dtype=torch.bool)
    for row, text in enumerate(ids):
        padded[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = True
    return padded, mask
