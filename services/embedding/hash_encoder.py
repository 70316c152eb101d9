"""An encoder without weights, which hashes words and their parts to vectors.

For tests and tiny installations.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from services.embedding.encoding import EncoderIdentity, Floats, QueryEncoding, States, round_states
from shared.product_text import MAX_TOKENS, STATE_TOKENS

DIM = 384
STATE_DIM = 128
QUERY_TOKENS = 32
_WORDS = re.compile(r"\w+")
_PART = 3  # characters
_PART_WEIGHT = 0.5


class HashEncoder:
    """Feature hashing with signs (Weinberger et al. 2009).

    Texts that share words or parts of them have similar vectors.
    """

    identity = EncoderIdentity("hash", "0" * 64, DIM, STATE_DIM, MAX_TOKENS)
    engines = {"queries": "hash", "products": "hash"}  # noqa: RUF012  (never changed)

    def encode_queries(self, queries: Sequence[str]) -> list[QueryEncoding]:
        """One encoding a query. Every text has a vector, even an empty one."""
        return [_query_encoding(_hidden(query, QUERY_TOKENS)) for query in queries]

    def encode_products(self, texts: Sequence[str]) -> tuple[Floats, list[States]]:
        """Vectors (n, dim) float32, and each text's states (at most 40, 128) int8."""
        read = [_hidden(text, MAX_TOKENS) for text in texts]
        vectors = np.array([_unit(hidden.sum(axis=0)) for hidden in read], np.float32).reshape(-1, DIM)
        return vectors, [round_states(_states(hidden[:STATE_TOKENS])) for hidden in read]

    def known_words(self) -> list[str]:
        """None: all words are the same to it."""
        return []


def _query_encoding(hidden: Floats) -> QueryEncoding:
    return QueryEncoding(_unit(hidden.sum(axis=0)), hidden, _states(hidden), np.ones(len(hidden), np.float32))


def _hidden(text: str, max_tokens: int) -> Floats:
    # A text without words is one token
    words = _WORDS.findall(text.lower())[:max_tokens] or [text.strip()]
    return np.stack([_word(word) for word in words])


def _word(word: str) -> Floats:
    hidden = np.zeros(DIM, np.float32)
    padded = f"<{word}>"
    _add(hidden, padded, 1.0)
    for start in range(len(padded) - _PART + 1):
        _add(hidden, padded[start : start + _PART], _PART_WEIGHT)
    return _unit(hidden)


def _add(hidden: Floats, feature: str, weight: float) -> None:
    digest = hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    hidden[(number >> 1) % DIM] += weight if number & 1 else -weight


def _states(hidden: Floats) -> Floats:
    folded = hidden.reshape(len(hidden), -1, STATE_DIM).sum(axis=1)
    norms = np.linalg.norm(folded, axis=1, keepdims=True)
    states: Floats = folded / np.maximum(norms, np.float32(1e-12))
    return states


def _unit(vector: Floats) -> Floats:
    norm = np.linalg.norm(vector)
    return vector / norm if norm > 0 else np.eye(1, DIM, dtype=np.float32)[0]
