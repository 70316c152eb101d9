"""Small sentence-transformers models with random weights, one of each family."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
WORDS += ["wireless", "mouse", "red", "shoe", "lamp", "for", "desk", "blue", "steel", "bottle"]
WORDS += ["query", "passage", ":", "##s"]
TEXTS = ["red shoe", "wireless mouse for desk", "lamp", "", "blue steel bottle for red desk lamp shoes " * 3]
_SIZES = {
    "vocab_size": len(WORDS),
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 80,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "initializer_range": 0.3,  # so that texts differ
}


def _bert() -> Any:
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig(**_SIZES), add_pooling_layer=False)


def _roberta() -> Any:
    from transformers import RobertaConfig, RobertaModel

    return RobertaModel(RobertaConfig(**_SIZES, type_vocab_size=1), add_pooling_layer=False)


def _xlm_roberta() -> Any:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    return XLMRobertaModel(XLMRobertaConfig(**_SIZES, type_vocab_size=1), add_pooling_layer=False)


def _distilbert() -> Any:
    from transformers import DistilBertConfig, DistilBertModel

    sizes = {"dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 80}
    return DistilBertModel(DistilBertConfig(vocab_size=len(WORDS), pad_token_id=1, **sizes))


def _mpnet() -> Any:
    from transformers import MPNetConfig, MPNetModel

    return MPNetModel(MPNetConfig(**_SIZES), add_pooling_layer=False)


def _modernbert() -> Any:
    from transformers import ModernBertConfig, ModernBertModel

    special = {"cls_token_id": 0, "sep_token_id": 2, "local_attention": 8}
    return ModernBertModel(ModernBertConfig(**_SIZES, **special))


FAMILIES: Mapping[str, Callable[[], Any]] = {
    "bert": _bert,
    "roberta": _roberta,
    "xlm-roberta": _xlm_roberta,
    "distilbert": _distilbert,
    "mpnet": _mpnet,
    "modernbert": _modernbert,
}


def random_encoder(folder: Path, family: str, pooling: Any = "mean", dense: int = 0, **settings: Any) -> Any:
    """Save a SentenceTransformer of a family in FOLDER, and return it opened.

    `dense` is the width of a Dense module after the pooling; 0: none. `settings` are those of
    SentenceTransformer.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    torch.manual_seed(0)
    base = folder.with_name(f"{folder.name}-transformer")
    _tokenizer().save_pretrained(str(base))
    model = FAMILIES[family]()
    _shake(model)
    model.save_pretrained(str(base))
    pooled = modules.Pooling(64, pooling)
    after = [modules.Dense(pooled.pooling_output_dimension, dense)] if dense else []
    made = SentenceTransformer(
        modules=[modules.Transformer(str(base)), pooled, *after, modules.Normalize()],
        device="cpu",
        **settings,
    )
    made.save(str(folder))
    return SentenceTransformer(str(folder), device="cpu", **settings)


def _shake(model: Any) -> None:
    """Give biases and norms random values too, which are zeros and ones at first."""
    import torch

    for parameter in model.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = {word: row for row, word in enumerate(WORDS)}
    made = Tokenizer(models.WordPiece(words, unk_token="<unk>"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("<s>", 0), ("</s>", 2)]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **special)
