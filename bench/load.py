"""How many pages a second the server serves in time, and how it behaves above that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.cpu import cpu
from bench.traffic import AsyncSearch, Traffic, closed_loop, open_loop

P99_LIMIT_MS = 100.0
_CLIENTS = (2, 4, 8)
_OVERLOAD = 5
_PROBES = 5  # halvings of the range of rates
_PAGES = 200  # needed for a p99, as far as five times the seconds allow
_ANSWERED_SHARE = 0.99  # a rate fails if more than one page in a hundred is refused

Say = Callable[[str], None]


@dataclass(frozen=True)
class LoadBench:
    """Requests pages of `texts` with `search`.

    Each measurement takes `seconds`, or longer if pages are few.
    """

    search: AsyncSearch
    texts: Sequence[str]
    seconds: float
    say: Say
    random: Random = field(default_factory=lambda: Random(7))

    async def measure(self) -> dict[str, Any]:
        """The report, as `aisle bench load --json` prints it."""
        self.say("warming up")
        await closed_loop(self.search, self.texts, 1, self.seconds / 2)
        loops = {clients: await self._closed(clients) for clients in _CLIENTS}
        capacity = max(loop.rate("answered") for loop in loops.values())
        in_time = await self._highest_rate_in_time(capacity)
        overload = await self._open(_OVERLOAD * capacity, self.seconds)
        return {
            "pages_per_second_at_p99_100ms": round(in_time, 1),
            "capacity": round(capacity, 1),
            "closed_loop": {str(clients): _described(loop) for clients, loop in loops.items()},
            "at_5x": {
                "goodput": round(overload.rate("answered"), 1),
                "refused_p50_ms": overload.p50_ms("refused"),
                "refused_p99_ms": overload.p99_ms("refused"),
                "asked_per_second": round(len(overload.pages) / overload.seconds, 1),
                "answered_p99_ms": overload.p99_ms("answered"),
                "reranked_share": overload.reranked_share(),
                "failed": len(overload.durations_ms("failed")),
            },
            "cpu": cpu(),
        }

    async def _highest_rate_in_time(self, capacity: float) -> float:
        """Pages a second, by halving: p99 within the limit and almost none refused."""
        served = 0.0
        low = 0.0
        high = capacity * 1.1
        for _ in range(_PROBES):
            rate = (low + high) / 2
            traffic = await self._open(rate, min(max(self.seconds, _PAGES / rate), 5 * self.seconds))
            if in_time(traffic):
                served = traffic.rate("answered")
                low = rate
            else:
                high = rate
        return served

    async def _closed(self, clients: int) -> Traffic:
        self.say(f"closed loop, {clients} clients")
        return await closed_loop(self.search, self.texts, clients, self.seconds)

    async def _open(self, pages_per_second: float, seconds: float) -> Traffic:
        self.say(f"open loop, {pages_per_second:.0f} pages a second")
        return await open_loop(self.search, self.texts, pages_per_second, seconds, self.random)


def in_time(traffic: Traffic) -> bool:
    """Whether all but a hundredth of the pages were answered within the limit."""
    return traffic.share("answered") >= _ANSWERED_SHARE and traffic.p99_ms("answered") <= P99_LIMIT_MS


def _described(loop: Traffic) -> dict[str, float]:
    return {
        "pages_per_second": round(loop.rate("answered"), 1),
        "p99_ms": loop.p99_ms("answered"),
        "reranked_share": loop.reranked_share(),
    }
