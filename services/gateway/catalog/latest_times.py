"""The newest update_time of the products that this gateway wrote lately."""

from __future__ import annotations

_MOST = 100_000


class LatestTimes:
    """Times of recent writes that the shown products may not include yet.

    A product is compared with the shown one only once writes up to `position` in the catalogue's
    log are shown. Later writes of this gateway are remembered.
    """

    def __init__(self) -> None:
        self.position: int | None = None  # None until the first use
        self._newest: dict[str, float] = {}

    def begin(self, log_end: int) -> None:
        """Set `position` to the end of the log, on first use or when too many are remembered.

        Earlier writes come from other gateways, or are no longer remembered.
        """
        if self.position is None or len(self._newest) > _MOST:
            self.position = log_end
            self._newest.clear()

    def note(self, product_id: str, update_time: float) -> None:
        """Remember a product that is being written."""
        self._newest[product_id] = max(update_time, self._newest.get(product_id, update_time))

    def may_be_newer(self, product_id: str, update_time: float) -> bool:
        """Whether a later state of the product than `update_time` was written."""
        return self._newest.get(product_id, update_time) > update_time
