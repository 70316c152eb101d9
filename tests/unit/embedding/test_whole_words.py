from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models

from services.embedding.tokens import TokenReader


@pytest.mark.parametrize(
    "model",
    [
        models.WordPiece(
            {piece: n for n, piece in enumerate(["[UNK]", "lamp", "##lamp", "Tür", "ab", "42a", "!"])}
        ),
        models.Unigram([("<unk>", 0.0), ("▁lamp", -1.0), ("lam", -1.0), ("▁Tür", -1.0), ("▁ab", -1.0)], 0),
        models.BPE({piece: n for n, piece in enumerate(["Ġlamp", "amp", "ĠTür", "Ġab", "Ġ42a"])}, []),
    ],
    ids=["WordPiece", "SentencePiece", "byte-level BPE"],
)
def test_the_words_that_are_one_piece(tmp_path: Path, model: Any) -> None:
    Tokenizer(model).save(str(tmp_path / "tokenizer.json"))
    assert sorted(TokenReader(tmp_path / "tokenizer.json").whole_words()) == ["lamp", "tur"]
