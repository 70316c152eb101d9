"""Recent durations of answers, by the kind of call."""

from collections import defaultdict, deque

_KEPT = 200
_LEAST = 20
_SORTED_EVERY = 10


class _Recent:
    """The last answers of one kind.

    Quantiles are cached, because they are read far more often than they change.
    """

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=_KEPT)
        self._sorted: list[float] = []
        self._count = 0

    def add(self, value: float) -> None:
        self._values.append(value)
        self._count += 1
        if self._count >= _LEAST and self._count % _SORTED_EVERY == 0:
            self._sorted = sorted(self._values)

    def quantile(self, q: float) -> float | None:
        return self._sorted[int(q * (len(self._sorted) - 1))] if self._sorted else None


class Latencies:
    """Milliseconds of the last 200 answers of each kind, from all replicas."""

    def __init__(self) -> None:
        self._kinds: defaultdict[str, _Recent] = defaultdict(_Recent)

    def add(self, kind: str, ms: float) -> None:
        """Record an answer."""
        self._kinds[kind].add(ms)

    def quantile(self, kind: str, q: float) -> float | None:
        """The q-quantile (0 to 1). Returns None before 20 answers are known."""
        return self._kinds[kind].quantile(q)
