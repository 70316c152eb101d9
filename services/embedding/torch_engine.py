"""The encoder in torch, on the CPU or on CUDA. Imported only if it is chosen."""

import torch
from torch.nn import functional
from transformers import BertConfig, BertModel

from services.embedding.encoding import Floats
from services.embedding.job import Job
from services.embedding.model import PROJECTION, TOKEN_BIAS, TOKEN_WEIGHT, EncoderModel
from services.embedding.tokens import Ids


class TorchEngine:
    """Hugging Face's BERT with our weights and heads."""

    batches = True
    at_once = 1

    def __init__(self, name: str, model: EncoderModel, job: Job, device: str, precision: str) -> None:
        """`precision` is the name of a torch dtype.

        Heads and norms of the outputs are always float32.
        """
        dtype = getattr(torch, precision)
        bert = BertModel(_config(model), add_pooling_layer=False)
        bert.load_state_dict({key: torch.from_numpy(model.tensors[key].copy()) for key in bert.state_dict()})
        self._bert = bert.eval().to(device, dtype)
        self._heads = {key: torch.from_numpy(value.copy()).to(device) for key, value in model.heads.items()}
        self._outputs = job.outputs
        self._state_tokens = job.state_tokens
        self._device = device
        self.name = name

    def run(self, ids: Ids, mask: Floats) -> dict[str, Floats]:
        """The outputs for a padded batch."""
        with torch.inference_mode():
            kept = torch.from_numpy(mask).to(self._device)
            tokens = torch.from_numpy(ids).to(self._device)
            hidden = self._bert(input_ids=tokens, attention_mask=kept.long()).last_hidden_state.float()
            made = {name: self._output(name, hidden, kept) for name in self._outputs}
            return {name: value.cpu().numpy() for name, value in made.items() if value is not None}

    def _output(self, name: str, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor | None:
        if name == "vector":
            return functional.normalize((hidden * mask[:, :, None]).sum(dim=1), dim=-1)
        if name == "hidden":
            return hidden
        if name == "states" and PROJECTION in self._heads:
            return functional.normalize(hidden[:, : self._state_tokens] @ self._heads[PROJECTION].T, dim=-1)
        if name == "token_weights" and TOKEN_WEIGHT in self._heads:
            logits = functional.linear(hidden, self._heads[TOKEN_WEIGHT], self._heads[TOKEN_BIAS])
            return functional.softplus(logits[:, :, 0]) * mask
        return None


def _config(model: EncoderModel) -> BertConfig:
    """BERT's config for the weights of any family that families.py reads."""
    rows = {
        "max_position_embeddings": "position_embeddings",
        "type_vocab_size": "token_type_embeddings",
        "vocab_size": "word_embeddings",
    }
    sizes = {size: len(model.tensors[f"embeddings.{name}.weight"]) for size, name in rows.items()}
    given = {name: value for name, value in model.architecture.items() if name != "model_type"}
    return BertConfig(**{**given, **sizes})
