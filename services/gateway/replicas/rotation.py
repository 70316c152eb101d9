"""Decides which replica is called next.

Round robin among the ready ones with the fewest running calls.
"""

from collections.abc import Collection

from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.replica import Replica


class Rotation:
    """The replicas of one service, by address."""

    def __init__(self, ejection: Ejection) -> None:
        self._ejection = ejection
        self._replicas: dict[str, Replica] = {}
        self._turn = 0

    @property
    def replicas(self) -> list[Replica]:
        """All replicas, ready or not."""
        return list(self._replicas.values())

    def add(self, address: str) -> Replica:
        """Add a replica that is not ready yet."""
        replica = self._replicas[address] = Replica(address)
        return replica

    def remove(self, address: str) -> None:
        """Remove a replica from the rotation. Its running calls continue."""
        self._ejection.forget(self._replicas.pop(address))

    def first(self, log_position: int = 0) -> Replica | None:
        """The replica to call, preferably one that shows the log up to a position.

        Returns None if there is no replica.
        """
        chosen = self._best(self._replicas.values(), log_position)
        if chosen is not None:
            self._turn += 1
            chosen.turn = self._turn
        return chosen

    def another(self, than: Collection[Replica], log_position: int = 0) -> Replica | None:
        """Another replica to call. Returns None if no other one is ready."""
        return self._best(
            [each for each in self._replicas.values() if each.ready and each not in than],
            log_position,
        )

    def _best(self, candidates: Collection[Replica], log_position: int) -> Replica | None:
        def order(each: Replica) -> tuple[bool, bool, bool, int, int]:
            out = self._ejection.is_out(each)
            return not each.ready, out, each.log_position < log_position, each.in_flight, each.turn

        return min(candidates, key=order, default=None)
