"""Which times of products a state of a snapshot must look at."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from shared.snapshot.catalog_columns import Segment


@dataclass(frozen=True)
class Times:
    """Whether some product has such a time."""

    expires: bool = False  # ever
    embargoed: bool = False  # was not published yet when the state was made
    awaited: bool = False  # was not available yet then

    @classmethod
    def of(cls, columns: Segment) -> Times:
        """Those of some columns, now."""
        expiry = columns.dense("expire_time")
        expires = expiry is not None and bool(np.any(~np.isnan(expiry)))
        return cls(expires, _in_future(columns, "publish_time"), _in_future(columns, "available_time"))

    def __or__(self, other: Times) -> Times:
        """Those of either."""
        return Times(
            self.expires or other.expires,
            self.embargoed or other.embargoed,
            self.awaited or other.awaited,
        )


NO_TIMES = Times()


def _in_future(columns: Segment, name: str) -> bool:
    times = columns.dense(name)
    return times is not None and bool(np.any(times > time.time()))
