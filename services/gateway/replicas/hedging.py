"""Decides when a second replica is called because the first is late.

Dean and Barroso, "The Tail at Scale" (2013): a second request after the 95th percentile of recent
answers cuts the tail for a few per cent of load. A bucket limits the share, so that second requests
do not worsen an overload, in which everything is late.
"""

from services.gateway.replicas.latencies import Latencies

_LATE = 0.95
_UNKNOWN_MS = 50.0  # before enough answers are known
_LEAST_MS = 5.0  # earlier, a busy event loop would look like a late replica
_MOST_OF_BUDGET = 0.4  # a second try needs time as well
_MOST_SAVED = 10.0


class Hedging:
    """Second tries of one service."""

    def __init__(self, share: float, latencies: Latencies) -> None:
        """`share` of the calls, 0 to 1, may have a second try. 0: none."""
        self._share = share
        self._latencies = latencies
        self._saved = _MOST_SAVED if share else 0.0

    def after_ms(self, kind: str, budget_ms: float) -> float:
        """How long to wait for a first answer.

        `budget_ms` is the limit of the whole call, and 0 if unknown.
        """
        late = self._latencies.quantile(kind, _LATE)
        wait_ms = max(_LEAST_MS, _UNKNOWN_MS if late is None else late)
        return min(wait_ms, _MOST_OF_BUDGET * budget_ms) if budget_ms else wait_ms

    def asked(self) -> None:
        """Record the start of a call."""
        self._saved = min(_MOST_SAVED, self._saved + self._share)

    def take(self) -> bool:
        """Whether a second try is allowed now. If so, it is counted."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
