"""Opens an encoder as the settings define it."""

from dataclasses import dataclass, replace
from pathlib import Path

from services.embedding.batching import BatchLimits
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.encoding import EncoderIdentity
from services.embedding.engines import build
from services.embedding.hash_encoder import HashEncoder
from services.embedding.job import Job
from services.embedding.model import EncoderSource
from services.embedding.ports import Engine
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
from services.embedding.weights import DEFAULT_NAME, SHA256, EncoderFiles, find
from shared.errors import AisleError, InvalidRequest, NotFound
from shared.inference.cpu import has_cuda, read_cpu
from shared.memory import return_free_memory
from shared.models import bundle
from shared.models.bundle import Bundle
from shared.product_text import STATE_TOKENS
from shared.watchdog import watching

HASH = "hash"
NO_PROMPT = "none"
# Of a bundle's training: the weights that its heads were made for
ENCODER_SHA256 = "encoder_sha256"


def open_encoder(config: EmbeddingConfig) -> TextEncoder | HashEncoder:
    """The encoder that `config` names.

    Its engines are built at their first use, or by `encode_queries([])`.
    """
    if config.model == HASH:
        return HashEncoder()
    files = encoder_files(config)
    chosen = bundle.read(Path(config.bundle)) if config.bundle else None
    fitting = chosen if chosen and fits(chosen, files) else None
    source = EncoderSource(files, fitting, config.max_tokens)
    tokens = TokenReader(files.tokenizer, files.sentence.lowercase)
    identity = source.identity()
    engines = _Engines(config, source, tokens, identity)
    return TextEncoder(identity, tokens, engines.open, *_jobs(config, source, tokens))


def encoder_files(config: EmbeddingConfig) -> EncoderFiles:
    """The files that `config` names, read as it says. Raises NotFound or Corrupt.

    Raises InvalidRequest if the model's vectors are shorter than the dimension set.
    """
    files = find(config.model)
    own = files.sentence
    full = replace(own, dim=0).width(files.architecture()["hidden_size"])
    if config.dim > full:
        reason = f"is {config.dim}; {files.name} makes {full} numbers"
        raise InvalidRequest("AISLE_EMBEDDING_DIM", reason)
    sentence = replace(
        own,
        query_prompt=_prompt(config.query_prompt, own.query_prompt),
        product_prompt=_prompt(config.product_prompt, own.product_prompt),
        dim=(config.dim or own.dim) % full,
    )
    return replace(files, sentence=sentence)


def _prompt(given: str, own: str) -> str:
    """The prompt to use: the setting, if there is one."""
    return "" if given == NO_PROMPT else given or own


def fits(chosen: Bundle, files: EncoderFiles) -> bool:
    """Whether the heads of a bundle were made for these weights.

    A bundle without an encoder's name fits all.
    """
    weights = chosen.training.get(ENCODER_SHA256, files.weights_sha256)
    names = ("", files.name, *((DEFAULT_NAME,) if files.weights_sha256 == SHA256 else ()))
    return chosen.encoder in names and weights == files.weights_sha256


def _jobs(config: EmbeddingConfig, source: EncoderSource, tokens: TokenReader) -> tuple[Job, Job]:
    """The jobs for queries and for products. Prompts come on top of the tokens of a text."""
    sentence, most = source.files.sentence, source.files.max_tokens
    before_query = tokens.count(sentence.query_prompt)
    before_text = tokens.count(sentence.product_prompt)
    state_tokens = source.setting("state_tokens", STATE_TOKENS)
    query_tokens = min(config.query_tokens + before_query, most)
    product_tokens = min(source.product_tokens + before_text, most)
    return (
        Job("queries", config.query_threads, query_tokens, None, sentence.query_prompt, before_query),
        Job(
            "products",
            config.product_threads,
            product_tokens,
            state_tokens + before_text,
            sentence.product_prompt,
            before_text,
        ),
    )


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
        model = self.source.read()
        names = candidates(job, read_cpu(), has_cuda(), own_graph=model.graph is not None)
        engine, measured = run_trial(model, job, self._probes(job), names)
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
        return Probes.of(job.side, self.tokens.read(texts, job.max_tokens, job.prompt))
