"""Filters gRPC's log messages about callers that left during a call."""

import logging
from functools import cache

from grpc._cython import cygrpc


class WithoutGoneCallers(logging.Filter):
    """Drops the traces that gRPC logs when a caller has left before its answer.

    Callers may leave at any time.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        return not (record.exc_info and record.exc_info[0] is cygrpc.ExecuteBatchError)


@cache
def leave_out() -> None:
    """Install the filter in this process."""
    logging.getLogger("grpc._cython.cygrpc").addFilter(WithoutGoneCallers())
