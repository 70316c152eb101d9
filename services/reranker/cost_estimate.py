"""How fast a part has been lately."""

_NEWEST = 0.2  # share of the newest measurement: the last dozen count
_DOUBT = 0.9


class CostEstimate:
    """Milliseconds a unit of work, as an exponentially weighted mean of what was measured."""

    def __init__(self, ms_per_unit: float) -> None:
        """`ms_per_unit` is believed until something has been measured."""
        self._ms_per_unit = ms_per_unit
        self._measured = False

    def observe(self, units: int, ms: float) -> None:
        """Take in that `units` took `ms`; the first measurement replaces the guess."""
        if units:
            share = _NEWEST if self._measured else 1.0
            self._ms_per_unit += share * (ms / units - self._ms_per_unit)
            self._measured = True

    def expected_ms(self, units: int = 1) -> float:
        """What `units` would take at this cost."""
        return self._ms_per_unit * units

    def doubt(self) -> None:
        """Work was left out because of this cost.

        Believe it a little less, so that one slow moment is not for ever.
        """
        self._ms_per_unit *= _DOUBT
