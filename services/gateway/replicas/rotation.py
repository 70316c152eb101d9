"""Which replica is asked next.

Round robin among those that are ready and have the fewest calls to answer.
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
        """All of them, ready or not."""
        return list(self._replicas.values())

    def add(self, address: str) -> Replica:
        """A replica that is not ready yet."""
        replica = self._replicas[address] = Replica(address)
        return replica

    def remove(self, address: str) -> None:
        """It is not to be asked any more; calls that it has may go on."""
        self._ejection.forget(self._replicas.pop(address))

    def first(self, log_position: int = 0) -> Replica | None:
        """Whom to ask; preferably one that is known to show the log up to a position.

        None: there is no replica.
        """
        chosen = self._best(self._replicas.values(), log_position)
        if chosen is not None:
            self._turn += 1
            chosen.turn = self._turn
        return chosen

    def another(self, than: Collection[Replica], log_position: int = 0) -> Replica | None:
        """Whom to ask as well; None when no other one is ready."""
        return self._best(
            [each for each in self._replicas.values() if each.ready and each not in than],
            log_position,
        )

    def _best(self, candidates: Collection[Replica], log_position: int) -> Replica | None:
        def order(each: Replica) -> tuple[bool, bool, bool, int, int]:
            out = self._ejection.is_out(each)
            return not each.ready, out, each.log_position < log_position, each.in_flight, each.turn

        return min(candidates, key=order, default=None)
