"""Decides which replicas get no calls for a while.

These are replicas far slower than their peers, and replicas that fail where peers do not. Later, a
call that another replica answers is also sent to the ejected one, only to measure it. If it answers
in time, it gets calls again. So neither detection nor probing costs a page.
"""

import logging
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.gateway.replicas.replica import Replica

_MUCH_SLOWER = 3.0  # times its peers
_SMOOTHING = 0.1  # weight of the newest answer, in the mean of logarithms: one outlier says little
_LEAST_ANSWERS = 10
_MOST_SLOWNESS = 30.0  # the most that one answer counts
_FAILURES = 3  # in a row
_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 30.0
_TRUSTED_AGAIN_SECONDS = 60.0  # seconds in the rotation after which an ejection is forgotten

_LOG = logging.getLogger(__name__)


@dataclass
class _Record:
    """The measurements of one replica, and its ejections."""

    log_slowness: float = 0.0
    answers: int = 0
    failures: int = 0  # in a row
    out: bool = False
    until: float = 0.0  # when it is probed again
    ejections: int = 0
    back_at: float = 0.0
    probing: bool = False


class Ejection:
    """Judges the replicas of one service. At most half of the ready ones are ejected."""

    def __init__(self, clock_seconds: Callable[[], float] = time.monotonic) -> None:
        self._clock_seconds = clock_seconds
        self._records: dict[Replica, _Record] = {}

    def is_out(self, replica: Replica) -> bool:
        """Whether a replica is ejected now."""
        return self._of(replica).out

    def forget(self, replica: Replica) -> None:
        """Forget a replica that is gone, or was replaced by another process."""
        self._records.pop(replica, None)

    def answered(self, replica: Replica, slowness: float, all_: Sequence[Replica]) -> None:
        """Record an answer. `slowness` is its duration divided by the usual one for such a call."""
        record = self._of(replica)
        record.failures = 0
        record.answers += 1
        logarithm = math.log(min(max(slowness, 1 / _MOST_SLOWNESS), _MOST_SLOWNESS))
        record.log_slowness += (logarithm - record.log_slowness) * max(_SMOOTHING, 1 / record.answers)
        if not record.out and record.answers >= _LEAST_ANSWERS:
            peers = [
                peer.log_slowness for peer in self._peers(replica, all_) if peer.answers >= _LEAST_ANSWERS
            ]
            if peers and record.log_slowness > statistics.median(peers) + math.log(_MUCH_SLOWER):
                self._eject(replica, "far slower than its peers", all_)

    def beaten(self, replica: Replica, all_: Sequence[Replica]) -> None:
        """Record that a peer gave the answer, because this replica failed or did not respond."""
        record = self._of(replica)
        record.failures += 1
        if not record.out and record.failures >= _FAILURES:
            self._eject(replica, "it fails where a peer does not", all_)

    def to_probe(self, all_: Iterable[Replica]) -> Replica | None:
        """An ejected replica to probe now.

        Only one probe runs at a time, until `probed` is called.
        """
        for replica in all_:
            record = self._of(replica)
            if record.out and replica.ready and not record.probing and self._clock_seconds() >= record.until:
                record.probing = True
                return replica
        return None

    def probed(self, replica: Replica, slowness: float | None) -> None:
        """Record the result of a probe. None means no answer, or an error."""
        record = self._of(replica)
        record.probing = False
        if not record.out:
            return
        if slowness is None or slowness > _MUCH_SLOWER:
            self._leave_alone(record)
            return
        self._records[replica] = _Record(ejections=record.ejections, back_at=self._clock_seconds())
        _LOG.info("%s gets calls again", replica.address)

    def _eject(self, replica: Replica, why: str, all_: Sequence[Replica]) -> None:
        ready = [each for each in all_ if each.ready]
        if sum(self.is_out(each) for each in ready) + 1 > len(ready) / 2:
            return
        record = self._of(replica)
        if self._clock_seconds() - record.back_at > _TRUSTED_AGAIN_SECONDS:
            record.ejections = 0
        record.out = True
        self._leave_alone(record)
        _LOG.warning("%s gets no calls for a while: %s", replica.address, why)

    def _leave_alone(self, record: _Record) -> None:
        seconds = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**record.ejections)
        record.until = self._clock_seconds() + seconds
        record.ejections = min(record.ejections + 1, 10)

    def _peers(self, replica: Replica, all_: Sequence[Replica]) -> list[_Record]:
        others = [self._of(each) for each in all_ if each is not replica and each.ready]
        return [record for record in others if not record.out]

    def _of(self, replica: Replica) -> _Record:
        return self._records.setdefault(replica, _Record())
