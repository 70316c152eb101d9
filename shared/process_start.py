"""The first steps of each of our processes, before anything heavy is imported."""

import os

from shared.early_stops import end_silently
from shared.extras import say_what_is_missing


def begin() -> None:
    """Let the process end without a traceback while it imports, and silence gRPC's own log."""
    end_silently()
    say_what_is_missing()
    # gRPC reads it when it is imported. Its own lines come once a second or once a call, as often
    # as a caller likes, and we log or answer the same facts ourselves.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
