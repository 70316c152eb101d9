"""What gRPC logs of callers that went away while they were answered."""

import logging
from functools import cache

from grpc._cython import cygrpc


class WithoutGoneCallers(logging.Filter):
    """Drops the trace that gRPC logs when an answer finds no caller any more.

    Every caller may go when it likes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        return not (record.exc_info and record.exc_info[0] is cygrpc.ExecuteBatchError)


@cache
def leave_out() -> None:
    """From now on, in this process."""
    logging.getLogger("grpc._cython.cygrpc").addFilter(WithoutGoneCallers())
