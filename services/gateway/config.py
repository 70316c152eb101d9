"""Settings of the gateway, read from AISLE_GATEWAY_* in the environment."""

from dataclasses import dataclass

MOST_CANDIDATES = 5_000


@dataclass(frozen=True)
class GatewayConfig:
    """Where the gateway listens, whom it asks, and what a page may cost."""

    port: int = 50051
    embedding_address: str = "localhost:50052"
    retrieval_address: str = "localhost:50053"
    reranker_address: str = "localhost:50054"
    log_path: str = "data/log.sqlite"
    deadline_ms: int = 250  # a page's budget, when the request names none
    max_in_flight: int = 4  # pages worked on at once; twice the cores keeps them busy
    max_waiting: int = 64  # pages that may wait for their turn, as far as their deadlines allow
    window_size: int = 400  # candidates ranked for a query; paging ends there
    max_windows: int = 500  # ranked windows kept for their next pages
    window_ttl_seconds: float = 600
    log_impressions: bool = True  # write every page shown to the log; off where nobody shops, as in an evaluation
    max_spooled: int = 10_000  # impressions kept while the log does not take them

    def __post_init__(self) -> None:
        if min(self.deadline_ms, self.max_in_flight, self.window_size, self.max_windows, self.max_spooled) < 1:
            raise ValueError("deadline_ms, max_in_flight, window_size, max_windows and max_spooled are at least 1")
        if self.window_size > MOST_CANDIDATES:
            raise ValueError(f"window_size is {self.window_size}; retrieval gives at most {MOST_CANDIDATES}")
        if self.max_waiting < 0 or not self.window_ttl_seconds >= 0:
            raise ValueError("max_waiting and window_ttl_seconds are at least 0")
