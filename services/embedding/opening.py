"""Opens an encoder as the settings define it."""

from dataclasses import dataclass
from pathlib import Path

from services.embedding.batching import BatchLimits
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.encoding import EncoderIdentity
from services.embedding.engines import Engine, build
from services.embedding.hash_encoder import HashEncoder
from services.embedding.job import Job
from services.embedding.model import EncoderSource
from services.embedding.tokens import TokenReader
from services.embedding.trial import (
    PRODUCT_PROBES,
    QUERY_PROBES,
    Probes,
    TrialCache,
    cache_key,
    candidates,
    run_trial,
)
from services.embedding.weights import find
from shared.errors import AisleError, NotFound
from shared.inference.cpu import has_cuda, read_cpu
from shared.memory import return_free_memory
from shared.models import bundle
from shared.product_text import STATE_TOKENS
from shared.watchdog import watching

HASH = "hash"


def open_encoder(config: EmbeddingConfig) -> TextEncoder | HashEncoder:
    """The encoder that `config` names.

    Its engines are built at their first use, or by `encode_queries([])`.
    """
    if config.model == HASH:
        return HashEncoder()
    chosen = bundle.read(Path(config.bundle)) if config.bundle else None
    source = EncoderSource(find(config.model), chosen, config.max_tokens)
    tokens = TokenReader(source.files.tokenizer)
    identity = source.identity()
    engines = _Engines(config, source, tokens, identity)
    queries = Job("queries", config.query_threads, config.query_tokens)
    state_tokens = source.setting("state_tokens", STATE_TOKENS)
    products = Job("products", config.product_threads, source.product_tokens, state_tokens)
    return TextEncoder(identity, tokens, engines.open, queries, products)


def batch_limits(config: EmbeddingConfig) -> BatchLimits:
    """The batcher's part of the settings."""
    return BatchLimits(
        config.batch_tokens,
        config.query_tokens,
        config.max_waiting,
        config.cached_queries,
        config.cached_bytes,
    )


@dataclass(frozen=True)
class _Engines:
    config: EmbeddingConfig
    source: EncoderSource
    tokens: TokenReader
    identity: EncoderIdentity

    def open(self, job: Job) -> Engine:
        """The configured engine, the one chosen before, or the winner of a trial."""
        try:
            with watching(f"opening the encoder's engine for {job.side}"):
                return self._open(job)
        finally:
            return_free_memory()  # weights and graphs are large, and no longer needed

    def _open(self, job: Job) -> Engine:
        cache = self._cache()
        key = cache_key(job, read_cpu(), self.identity.version)
        configured = self.config.engine if job.side == "queries" else self.config.product_engine
        name = cache.get(key) if configured == "auto" else configured
        if name is not None:
            return self._named(name, job)
        names = candidates(job, read_cpu(), has_cuda())
        engine, measured = run_trial(self.source.read(), job, self._probes(job), names)
        cache.put(key, engine.name, measured)
        return engine

    def _named(self, name: str, job: Job) -> Engine:
        model = self.source.read()
        try:
            return build(name, model, job)
        except AisleError:
            raise
        except Exception as error:  # each library has its own errors
            remedy = (
                "set AISLE_EMBEDDING_ENGINE and AISLE_EMBEDDING_PRODUCT_ENGINE "
                "to auto, or install what it needs"
            )
            raise NotFound(f"the engine {name} cannot be built here ({error}); {remedy}") from error

    def _cache(self) -> TrialCache:
        return TrialCache(Path(self.config.cache) if self.config.cache else None)

    def _probes(self, job: Job) -> Probes:
        texts = QUERY_PROBES if job.side == "queries" else PRODUCT_PROBES
        return Probes.of(job.side, self.tokens.read(texts, job.max_tokens))
