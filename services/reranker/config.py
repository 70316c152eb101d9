"""Settings of the reranker service, read from AISLE_RERANKER_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK

PRECISIONS = ("auto", "int8", "fp32")
SCORERS = ("block", "cross-encoder", "none")


@dataclass(frozen=True)
class RerankerConfig:
    """Defaults suit two ordinary cores."""

    host: str = LOOPBACK  # listening address; [::] is every address of the machine
    port: int = 50054
    data: str = "data"  # folder of snapshots/ and bundles/
    # Most threads of the interaction model per request; more than one is used if a core is idle and
    # it is faster
    threads: int = 2
    workers: int = 1  # requests at a time
    max_waiting: int = 64  # requests in the queue; more are refused at once
    scorer: str = "block"  # block, cross-encoder (for comparison, if the bundle has one) or none
    # Folder of a cross-encoder (model.onnx or cross_encoder.onnx, and tokenizer.json), for pages that
    # ask for TIER_CROSS_ENCODED; empty: none
    cross_encoder: str = ""
    cross_encoder_limit: int = 60  # most candidates that it scores
    # Of its scores beside the ranker's, both standardised over the candidates that it scored
    cross_encoder_weight: float = 0.5
    # Queries whose scores by it are kept for their next pages; it reads while a core is idle. 0: none
    read_ahead: int = 0
    block_limit: int = 100  # most candidates that the interaction model scores
    block_batch: int = 25  # candidates that a thread scores between two checks of the clock
    precision: str = "auto"  # auto (the faster of the two on this machine), int8 or fp32
    # Most that recent products can add, in standard deviations of the ranker's scores; 0: off
    affinity_weight: float = 0.5
    # Share of the pages on which a product comes up that few shoppers have seen; 0: none
    exploration: float = 0.05
    # Loss of a copy of an earlier product, in spreads of a page's scores, for placements that show
    # many kinds of products; 0: off
    diversity: float = 0.1
    # In for_you, loss of a product for each of the last three days on which the visitor was shown it
    # and left it alone, in spreads of a page's scores; 0: off
    fatigue: float = 0.1
    # Longest wait of a page for the feature store; also limited to a fifth of the remaining time
    features_ms: float = 10.0
    near_queries: bool = True  # whether the ranker uses opens under near queries
    refresh_seconds: float = 1.0  # how often to check for a newer snapshot or bundle

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; use one of {', '.join(PRECISIONS)}")
        if self.scorer not in SCORERS:
            raise ValueError(f"scorer is {self.scorer!r}; use one of {', '.join(SCORERS)}")
        if min(self.threads, self.workers, self.block_batch) < 1:
            raise ValueError("threads, workers and block_batch must be at least 1")
        least = (
            self.max_waiting,
            self.block_limit,
            self.affinity_weight,
            self.features_ms,
            self.diversity,
            self.fatigue,
            self.cross_encoder_limit,
            self.cross_encoder_weight,
            self.read_ahead,
        )
        if not all(value >= 0 for value in least):
            names = "max_waiting, block_limit, affinity_weight, features_ms, diversity, fatigue"
            names += ", cross_encoder_limit, cross_encoder_weight and read_ahead"
            raise ValueError(f"{names} must be at least 0")
        if self.read_ahead and not self.cross_encoder:
            raise ValueError("read_ahead needs a cross-encoder; set cross_encoder to its folder, too")
        if not 0 <= self.exploration <= 1:
            raise ValueError(f"exploration is {self.exploration}; use a share from 0 to 1")
        if not self.refresh_seconds > 0:
            raise ValueError("refresh_seconds must be more than 0")
