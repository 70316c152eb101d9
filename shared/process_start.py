"""What each of our processes does first, before anything heavy is imported."""

import os

from shared.early_stops import end_silently
from shared.extras import say_what_is_missing


def begin() -> None:
    """Let the process end without a traceback while it imports, and keep gRPC's own log lines out."""
    end_silently()
    say_what_is_missing()
    # gRPC reads it when it is imported. Its own lines come once a second or a call, as often as a
    # caller likes, and what they are about is logged or answered in our words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
