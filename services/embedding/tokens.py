"""Converts texts to token ids, and ids to the matrices of an engine."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from services.embedding.encoding import Floats
from shared.errors import Corrupt
from shared.first_use import used_once
from shared.text.letters import fold

_WORD = re.compile(r"[^\W\d_]{3,}")
# Of pieces, in SentencePiece and in byte-level BPE. WordPiece marks what goes on
_WORD_BEGINS = ("▁", "Ġ")

Ids = NDArray[np.int64]  # (n, tokens)
TokenIds = list[int]  # of one text, with [CLS] and [SEP]

# Characters per token that are read, which bounds the tokeniser's time
_CHARACTERS_PER_TOKEN = 64
_LONGEST_PROMPT = 256  # tokens


class TokenReader:
    """Splits texts into the encoder's word pieces."""

    def __init__(self, path: Path, lowercase: bool = False) -> None:
        """Read tokenizer.json. Raises Corrupt if that fails."""
        self._lowercase = lowercase
        try:
            self._tokenizer = used_once(
                lambda: Tokenizer.from_file(str(path)), lambda read: read.encode_batch_fast([""])
            )
        except Exception as error:  # tokenizers raises plain Exceptions
            raise Corrupt(f"{path} cannot be read ({error}); fetch the model again") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def read(self, texts: Sequence[str], max_tokens: int, prompt: str = "") -> list[TokenIds]:
        """The ids of each text after the prompt, at most `max_tokens` of them."""
        cut = max_tokens * _CHARACTERS_PER_TOKEN
        readable = [_readable((prompt + text if prompt else text)[:cut]) for text in texts]
        if self._lowercase:
            readable = [text.lower() for text in readable]
        return [
            _truncate(encoding.ids, max_tokens) for encoding in self._tokenizer.encode_batch_fast(readable)
        ]

    def count(self, prompt: str) -> int:
        """The number of tokens of a prompt, without the special ones."""
        stripped = self.read([prompt.strip(), ""], _LONGEST_PROMPT)
        return len(stripped[0]) - len(stripped[1])

    def whole_words(self) -> list[str]:
        """The folded words of three letters and more that are one piece each."""
        pieces = self._tokenizer.get_vocab()
        marks = [mark for mark in _WORD_BEGINS if any(piece.startswith(mark) for piece in pieces)]
        begun = [piece.removeprefix(mark) for mark in marks[:1] for piece in pieces if piece.startswith(mark)]
        return [word for word in map(fold, begun or pieces) if _WORD.fullmatch(word)]


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half of a surrogate pair is not UTF-8


def _truncate(ids: TokenIds, max_tokens: int) -> TokenIds:
    return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


def pad(texts: Sequence[TokenIds], multiple: int = 1) -> tuple[Ids, Floats]:
    """The ids (n, t) and their mask (n, t).

    t is the longest text's length, rounded up to a multiple.
    """
    width = -(-max(map(len, texts)) // multiple) * multiple
    ids = np.zeros((len(texts), width), np.int64)
    mask = np.zeros((len(texts), width), np.float32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask
