"""Parts that searches and recommendations share: admission, ranked windows, products, impressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.gateway.admission import Admission
from services.gateway.config import GatewayConfig
from services.gateway.ports import Retrieval
from services.gateway.search import page_token
from services.gateway.search.budget import Budget
from services.gateway.search.impressions import Impressions, ShownPages
from services.gateway.search.page import Pages
from services.gateway.search.page_token import PageToken
from services.gateway.search.page_workers import PageWorkers
from services.gateway.search.ranked_windows import MemoryWindows, RankedWindows, SharedWindows
from services.gateway.signatures import Signatures
from services.gateway.signed_query_id import signed
from services.gateway.visibility import Visibility
from shared.cache import Cache
from shared.events.log import EventLog
from shared.query_ids import new_query_id

_WAIT_SHARE = 0.8  # of the deadline, for a wait for a write


@dataclass
class PageParts:
    """A gateway has one set of them, so its limits apply to all its pages together.

    `admission`, `impressions` and `workers` may be replaced before the first page.
    """

    config: GatewayConfig
    admission: Admission
    pages: Pages
    windows: RankedWindows
    impressions: ShownPages
    _visibility: Visibility
    _signatures: Signatures
    workers: PageWorkers | None = None  # None: this process makes all pages

    @classmethod
    def of(
        cls,
        retrieval: Retrieval,
        log: EventLog,
        config: GatewayConfig,
        signatures: Signatures,
        shared_windows: Cache | None = None,
    ) -> PageParts:
        """`shared_windows` holds the ranked windows of all gateways. None for a single gateway."""
        mine = MemoryWindows(config.max_windows, config.max_window_bytes, config.window_ttl_seconds)
        return cls(
            config,
            Admission(config.max_in_flight, config.max_waiting),
            Pages(retrieval, config.deadline_ms),
            SharedWindows(mine, shared_windows) if shared_windows else mine,
            Impressions(log, config.max_waiting_impressions),
            Visibility(log, retrieval),
            signatures,
        )

    def token(self, request: bytes, text: str) -> PageToken:
        """The token in a text. Without a text, that of a first page, which has no query_id yet.

        `request` is its identity (PageKind.identity). Raises InvalidRequest.
        """
        digest = page_token.digest(request)
        return page_token.decode(text, digest, self._signatures) if text else PageToken("", 0, digest)

    def next_page_token(self, token: PageToken, shown_count: int, window_count: int) -> str:
        """The text of the next page's token. Empty on the last page."""
        offset = token.offset + shown_count
        if not shown_count or offset >= window_count:
            return ""
        return page_token.encode(replace(token, offset=offset), self._signatures)

    def new_query_id(self, query: str, visitor_id: str) -> str:
        """A new query_id, signed for the visitor."""
        return signed(new_query_id(query), visitor_id, self._signatures)

    async def visible(self, log_position: int, budget: Budget, peer: str) -> None:
        """Return once the catalogue's writes up to a position are shown. For 0, at once."""
        if log_position:
            with budget.timed("visible"):
                await self._visibility.shown(log_position, budget.left_ms() * _WAIT_SHARE, peer)

    def counts(self) -> Mapping[str, int]:
        """Impressions since the start, by the names of GetStatusResponse.counts."""
        return {f"impressions.{name}": count for name, count in self.impressions.counts.items()}
