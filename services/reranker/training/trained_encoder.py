"""The encoder with trainable upper layers, for joint training of vectors and states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.reranker.training import tokens
from services.reranker.training.arrays import Matrix, Rows


class TrainedEncoder(nn.Module):  # type: ignore[misc]
    """A BERT whose last `layers` layers are trained.

    Word embeddings and lower layers do not change.
    """

    def __init__(self, folder: Path, layers: int, bf16: bool) -> None:
        """FOLDER holds model.safetensors and config.json."""
        from transformers import BertModel

        super().__init__()
        self._bf16 = bf16
        # Without dropout
        self.bert = BertModel.from_pretrained(str(folder), add_pooling_layer=False).eval()
        self.bert.requires_grad_(False)
        self._first = len(self.bert.encoder.layer) - layers
        for layer in self.bert.encoder.layer[self._first :]:
            layer.requires_grad_(True)

    def forward(self, ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Hidden states (texts, t, width), and the mask (texts, t) of real ones."""
        texts, mask = tokens.padded(ids)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            hidden = self.bert(texts, attention_mask=mask)[0]
        return hidden.float(), mask

    def learnt(self) -> Mapping[str, NDArray[np.float16]]:
        """The trained tensors by their Hugging Face names, in half precision."""
        layers = (f"encoder.layer.{place}." for place in range(self._first, len(self.bert.encoder.layer)))
        prefixes = tuple(layers)
        state = self.bert.state_dict().items()
        return {
            name: tensor.numpy().astype(np.float16) for name, tensor in state if name.startswith(prefixes)
        }


@dataclass(frozen=True)
class TrainedTexts:
    """EncodedTexts that are encoded on each use, with gradients."""

    encoder: TrainedEncoder
    ids: Sequence[Sequence[int]]
    vectors: Matrix  # (texts, width)

    def padded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """See EncodedTexts. A repeated text is encoded once."""
        unique, places = np.unique(rows, return_inverse=True)
        hidden, mask = self.encoder([self.ids[row] for row in unique])
        index = torch.from_numpy(places.reshape(rows.shape))
        return hidden[index], mask[index]
