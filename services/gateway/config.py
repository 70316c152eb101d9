"""Settings of the gateway, read from AISLE_GATEWAY_* in the environment."""

import re
from dataclasses import dataclass, field

from services.gateway.events.formats.reading import FORMATS
from services.gateway.replicas import addresses
from shared.listening import LOOPBACK

MOST_CANDIDATES = 5_000
_AT_LEAST_ONE = (
    "deadline_ms",
    "max_in_flight",
    "window_size",
    "max_windows",
    "max_window_bytes",
    "max_shared_bytes",
    "max_waiting_impressions",
    "query_reader_timeout_ms",
    "query_reader_max_calls",
    "query_reader_max_bytes",
)
_HTTP = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")


@dataclass(frozen=True)
class GatewayConfig:
    """The gateway's address, the services that it calls, and the limits of a page."""

    host: str = LOOPBACK  # listening address; [::] is every address of the machine
    port: int = 50051
    embedding_address: str = "localhost:50052"  # HOST:PORT of every replica, separated by commas
    # A HOST with several addresses counts as several replicas
    retrieval_address: str = "localhost:50053"
    reranker_address: str = "localhost:50054"
    feedback_address: str = "localhost:50055"  # this one and the next two are called for GetStatus only
    indexing_address: str = "localhost:50056"
    trainer_address: str = ""  # empty: there is no trainer
    resolve_seconds: float = 2  # how often hosts are looked up again
    # Share of calls that may go to a second replica because the first is late; 0: none
    hedge_share: float = 0.1
    log_path: str = "data/log.sqlite"  # the log, if there is no Kafka
    # Events and impressions while Kafka is down; a folder of this gateway's own
    spool_path: str = "data/spool"
    max_spool_bytes: int = 1_073_741_824  # of each of the two
    # With Kafka: read the payloads that shops' systems write to aisle.events-in
    follow_events_in: bool = True
    events_in_group: str = "aisle-events-in"  # consumer group; gateways share the work
    # Format of its records: ubi, google-retail, algolia, metarank, gorse, aisle; empty: detected
    events_in_format: str = ""
    # Signs query_ids and page tokens; the same for all gateways of a shop
    secret_path: str = "data/secret"
    deadline_ms: int = 250  # a page's budget, if the request names none
    max_in_flight: int = 4  # pages that run at once; twice the cores keeps them busy
    max_waiting: int = 64  # pages that may wait, as far as their deadlines allow
    window_size: int = 400  # candidates ranked for a query; the rest of the match set follows
    max_windows: int = 500  # ranked windows kept for their next pages
    max_window_bytes: int = 67_108_864  # of all of them in memory
    window_ttl_seconds: float = 600
    # Write every page shown to the log; turn it off without shoppers, as in an evaluation
    log_impressions: bool = True
    # In the Redis that gateways share, if there is one; about 14 kB each
    shared_window_ttl_seconds: float = 120
    encoding_ttl_seconds: float = 600  # query encodings in Redis, about 20 kB each
    # Most bytes of this gateway in Redis, for windows and for encodings each
    max_shared_bytes: int = 268_435_456
    cache_ms: float = 5  # longest wait of a page for Redis at each lookup
    max_waiting_impressions: int = 10_000  # in memory, waiting for the log
    # Base URL of chat completions, such as http://localhost:8000/v1; empty: no model reads queries
    query_reader: str = ""
    query_reader_model: str = ""  # its name there
    query_reader_key: str = field(default="", repr=False)  # sent as a bearer token
    query_reader_timeout_ms: int = 5_000  # of a call; a page waits for its own share alone
    query_reader_max_calls: int = 4  # at once
    query_reader_max_bytes: int = 8_388_608  # of readings in memory
    query_reader_ttl_seconds: float = 3_600

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is at least 1")
        if self.window_size > MOST_CANDIDATES:
            raise ValueError(f"window_size is {self.window_size}; retrieval gives at most {MOST_CANDIDATES}")
        if self.max_waiting < 0 or not self.window_ttl_seconds >= 0:
            raise ValueError("max_waiting and window_ttl_seconds are at least 0")
        if not all(
            value > 0 for value in (self.shared_window_ttl_seconds, self.encoding_ttl_seconds, self.cache_ms)
        ):
            raise ValueError("shared_window_ttl_seconds, encoding_ttl_seconds and cache_ms are more than 0")
        if not self.resolve_seconds > 0 or not 0 <= self.hedge_share <= 1:
            raise ValueError("resolve_seconds is more than 0, and hedge_share a share from 0 to 1")
        self._check_query_reader()
        self._check_events_in()
        for text in self.addresses.values():
            addresses.parse(text)

    def _check_query_reader(self) -> None:
        if self.query_reader and not _HTTP.fullmatch(self.query_reader):
            raise ValueError("query_reader is not the URL of a server, such as http://localhost:8000/v1")
        if self.query_reader and not self.query_reader_model:
            raise ValueError("query_reader_model is empty; name the model that query_reader serves")
        if not self.query_reader_ttl_seconds > 0:
            raise ValueError("query_reader_ttl_seconds is more than 0")

    def _check_events_in(self) -> None:
        if not self.events_in_group:
            raise ValueError("events_in_group is empty; name a consumer group")
        if self.events_in_format not in ("", *FORMATS):
            raise ValueError(
                f"events_in_format is not one of {', '.join(FORMATS)}; leave it out to detect the format"
            )

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of each service."""
        found = {
            "embedding": self.embedding_address,
            "indexing": self.indexing_address,
            "retrieval": self.retrieval_address,
            "reranker": self.reranker_address,
            "feedback": self.feedback_address,
        }
        return found | ({"trainer": self.trainer_address} if self.trainer_address else {})
