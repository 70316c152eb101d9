"""The unchanged encoder in torch: hidden states of many texts, for training only."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from services.reranker.training import tokens
from services.reranker.training.encodings import Encodings, ragged

_BATCH_TOKENS = 4096


class FrozenEncoder:
    """A BERT with mean pooling."""

    def __init__(self, folder: Path, bf16: bool) -> None:
        """FOLDER holds model.safetensors, config.json and tokenizer.json.

        bfloat16 does training no harm.
        """
        from transformers import BertModel

        model = BertModel.from_pretrained(str(folder), add_pooling_layer=False).eval()
        self._model = model.bfloat16() if bf16 else model
        self.tokenizer = folder / "tokenizer.json"

    def encode(self, texts: Sequence[str], max_tokens: int, state_tokens: int) -> Encodings:
        """Vectors of the first `max_tokens` tokens, and states of the first `state_tokens`."""
        ids = tokens.token_ids(self.tokenizer, texts, max_tokens)
        states: list[NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(ids)
        vectors = np.zeros((len(ids), self._model.config.hidden_size), np.float32)
        for batch in _batches([len(each) for each in ids]):
            hidden = self._hidden([ids[place] for place in batch])
            for place, text in zip(batch, hidden, strict=True):
                states[place] = text[:state_tokens].astype(np.float16)
                mean = text.mean(axis=0)
                vectors[place] = mean / np.linalg.norm(mean)
        return ragged(states, vectors)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _hidden(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """States (t_i, width) of each text."""
        padded, mask = tokens.padded(ids)
        hidden = self._model(padded, attention_mask=mask)[0].float().numpy()
        return [states[: len(text)] for states, text in zip(hidden, ids, strict=True)]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of texts by length, longest first; at most _BATCH_TOKENS each with padding."""
    batches: list[list[int]] = []
    longest = 0
    for place in np.argsort(lengths, kind="stable")[::-1].tolist():
        if not batches or longest * (len(batches[-1]) + 1) > _BATCH_TOKENS:
            batches.append([])
            longest = lengths[place]
        batches[-1].append(place)
    return batches
