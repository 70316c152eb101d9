"""Encodes texts to vectors, and to a state for every token."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from services.embedding.encoding import EncoderIdentity, Floats, QueryEncoding, States, round_states
from services.embedding.engines import run_all
from services.embedding.job import Job
from services.embedding.ports import Engine, Outputs
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
        job = self._queries
        texts = self._tokens.read(queries, job.max_tokens, job.prompt)
        batches = [texts] if engine.batches else [[text] for text in texts]
        made = (_query_encodings(engine, batch, job) for batch in batches if batch)
        return list(chain.from_iterable(made))

    def encode_products(self, texts: Sequence[str]) -> tuple[Floats, list[States]]:
        """Vectors (n, dim) float32, and each text's states (at most state_tokens, state_dim) int8."""
        engine = self._engine(self._products)
        job = self._products
        read = self._tokens.read(texts, job.max_tokens, job.prompt)
        vectors = np.zeros((len(texts), self.identity.dim), np.float32)
        states: list[States] = [np.zeros((0, 0), np.int8)] * len(texts)
        batches = list(_batches(read)) if engine.batches else [[row] for row in range(len(read))]
        multiple = PRODUCT_MULTIPLE if engine.batches else 1
        padded = [pad([read[row] for row in rows], multiple) for rows in batches]
        for rows, outputs in zip(batches, run_all(engine, padded), strict=True):
            vectors[rows] = outputs["vector"]
            for position, row in enumerate(rows):
                states[row] = _product_states(outputs, position, len(read[row]), job)
        return vectors, states

    def token_states(self, texts: Sequence[str]) -> Iterator[Floats]:
        """The token states (tokens, width) of product texts, in any order.

        As many tokens as states are stored of. The engine that makes them is not kept.
        """
        job = replace(self._products, needed=("vector", "hidden"))
        engine = self._open(job)
        read = self._tokens.read(texts, job.max_tokens, job.prompt)
        for rows in _batches(read):
            hidden = engine.run(*pad([read[row] for row in rows]))["hidden"]
            for position, row in enumerate(rows):
                yield _of_text(hidden[position, : len(read[row])][: job.state_tokens], job)

    def mean_state_tokens(self, texts: Sequence[str]) -> float:
        """The mean number of a product's tokens of which states are stored. 0 without texts."""
        job = self._products
        read = self._tokens.read(texts, job.max_tokens, job.prompt)
        kept = [len(ids) - job.prompt_tokens for ids in read]
        most = (job.state_tokens or job.max_tokens) - job.prompt_tokens
        return float(np.minimum(kept, most).mean()) if kept else 0.0

    def known_words(self) -> list[str]:
        """The words that the encoder reads whole, not in pieces."""
        return self._tokens.whole_words()

    def _engine(self, job: Job) -> Engine:
        with self._opening[job.side]:
            if job.side not in self._engines:
                self._engines[job.side] = self._open(job)
            return self._engines[job.side]


def _query_encodings(engine: Engine, texts: Sequence[TokenIds], job: Job) -> list[QueryEncoding]:
    outputs = engine.run(*pad(texts))
    return [_query_encoding(outputs, row, len(text), job) for row, text in enumerate(texts)]


def _query_encoding(outputs: Outputs, row: int, token_count: int, job: Job) -> QueryEncoding:
    vector = outputs["vector"][row]
    hidden = outputs["hidden"][row]
    if "states" not in outputs or "token_weights" not in outputs:
        return QueryEncoding(vector, hidden[:0], np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
    states, weights = outputs["states"][row], outputs["token_weights"][row]
    made = (_of_text(each[:token_count], job) for each in (hidden, states, weights))
    return QueryEncoding(vector, *made)


def _product_states(outputs: Outputs, position: int, token_count: int, job: Job) -> States:
    if "states" not in outputs:
        return np.zeros((0, 0), np.int8)
    # The graph has cut them to state_tokens
    return round_states(_of_text(outputs["states"][position, :token_count], job))


def _of_text(tokens: Floats, job: Job) -> Floats:
    """The rows of a text's own tokens: the first, [CLS], and those after the prompt."""
    if not job.prompt_tokens:
        return tokens
    return np.concatenate([tokens[:1], tokens[1 + job.prompt_tokens :]])


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
