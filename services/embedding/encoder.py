"""Encodes texts to vectors, and to a state for every token."""

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from services.embedding.encoding import EncoderIdentity, Floats, QueryEncoding, States, round_states
from services.embedding.engines import Engine, Outputs, run_all
from services.embedding.job import Job
from services.embedding.tokens import TokenIds, TokenReader, pad

# Padded; larger batches fall out of the cache, smaller ones leave cores idle
PRODUCT_BATCH_TOKENS = 1024
PRODUCT_MULTIPLE = 8  # lengths are rounded up to multiples: fewer shapes for the engine to prepare

OpenEngine = Callable[[Job], Engine]


class TextEncoder:
    """The encoder over the best engines of this machine. Each is built at its first use.

    Thread-safe.
    """

    def __init__(
        self,
        identity: EncoderIdentity,
        tokens: TokenReader,
        open_engine: OpenEngine,
        queries: Job,
        products: Job,
    ) -> None:
        """`queries` and `products` define how much of a text is read, and which outputs are made."""
        self.identity = identity
        self._tokens = tokens
        self._open = open_engine
        self._queries = queries
        self._products = products
        self._engines: dict[str, Engine] = {}
        # One lock for each side: while the first products wait for the trial of their engines,
        # queries can run theirs.
        self._opening = {job.side: threading.Lock() for job in (queries, products)}

    @property
    def engines(self) -> dict[str, str]:
        """The engine of each side used so far, for the status."""
        return {side: engine.name for side, engine in list(self._engines.items())}

    def encode_queries(self, queries: Sequence[str]) -> list[QueryEncoding]:
        """Encode queries in one pass. Every text has a vector, even an empty one."""
        engine = self._engine(self._queries)
        texts = self._tokens.read(queries, self._queries.max_tokens)
        if not engine.batches:
            return [encoding for text in texts for encoding in _query_encodings(engine, [text])]
        return _query_encodings(engine, texts) if texts else []

    def encode_products(self, texts: Sequence[str]) -> tuple[Floats, list[States]]:
        """Vectors (n, dim) float32, and each text's states (at most state_tokens, state_dim) int8."""
        engine = self._engine(self._products)
        read = self._tokens.read(texts, self._products.max_tokens)
        vectors = np.zeros((len(texts), self.identity.dim), np.float32)
        states: list[States] = [np.zeros((0, 0), np.int8)] * len(texts)
        batches = list(_batches(read))
        padded = [pad([read[row] for row in rows], PRODUCT_MULTIPLE) for rows in batches]
        for rows, outputs in zip(batches, run_all(engine, padded), strict=True):
            vectors[rows] = outputs["vector"]
            for position, row in enumerate(rows):
                states[row] = _product_states(outputs, position, len(read[row]))
        return vectors, states

    def known_words(self) -> list[str]:
        """The words that the encoder reads whole, not in pieces."""
        return self._tokens.whole_words()

    def _engine(self, job: Job) -> Engine:
        with self._opening[job.side]:
            if job.side not in self._engines:
                self._engines[job.side] = self._open(job)
            return self._engines[job.side]


def _query_encodings(engine: Engine, texts: Sequence[TokenIds]) -> list[QueryEncoding]:
    outputs = engine.run(*pad(texts))
    return [_query_encoding(outputs, row, len(text)) for row, text in enumerate(texts)]


def _query_encoding(outputs: Outputs, row: int, token_count: int) -> QueryEncoding:
    vector = outputs["vector"][row]
    hidden = outputs["hidden"][row]
    if "states" not in outputs or "token_weights" not in outputs:
        return QueryEncoding(vector, hidden[:0], np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
    states = outputs["states"][row, :token_count]
    weights = outputs["token_weights"][row, :token_count]
    return QueryEncoding(vector, hidden[:token_count], states, weights)


def _product_states(outputs: Outputs, position: int, token_count: int) -> States:
    if "states" not in outputs:
        return np.zeros((0, 0), np.int8)
    # The graph has cut them to state_tokens
    return round_states(outputs["states"][position, :token_count])


def _batches(texts: Sequence[TokenIds]) -> Iterator[list[int]]:
    """Rows in batches of texts of similar length, so that there is little padding."""
    rows: list[int] = []
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        if rows and (len(rows) + 1) * len(texts[row]) > PRODUCT_BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
