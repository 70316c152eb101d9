"""Estimates the time of work from recent measurements."""

_NEWEST = 0.2  # share of the newest measurement: the last dozen count
_DOUBT = 0.9


class CostEstimate:
    """Milliseconds per unit of work, as an exponentially weighted mean."""

    def __init__(self, ms_per_unit: float) -> None:
        """`ms_per_unit` is used until the first measurement."""
        self._ms_per_unit = ms_per_unit
        self._measured = False

    def observe(self, units: int, ms: float) -> None:
        """Record that `units` took `ms`. The first measurement replaces the guess."""
        if units:
            share = _NEWEST if self._measured else 1.0
            self._ms_per_unit += share * (ms / units - self._ms_per_unit)
            self._measured = True

    def expected_ms(self, units: int = 1) -> float:
        """The expected time of `units`."""
        return self._ms_per_unit * units

    def doubt(self) -> None:
        """Lower the estimate a little after skipped work, so that a slow moment passes."""
        self._ms_per_unit *= _DOUBT
