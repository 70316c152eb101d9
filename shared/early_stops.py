"""Ctrl-C before a process has its own way to end."""

import signal
import sys
import threading
from pathlib import Path

# What Python says of `python -m services...` while it imports, and the command line
_PROGRAMS = ("-m", "aisle")


def end_silently() -> None:
    """Let Ctrl-C end one of our processes as SIGTERM does, at once and without a traceback, while
    it imports.

    Servers and commands take over when they begin (shared/rpc/server.py, asked_to_end; cli/app.py).
    Programs of others that import us keep their own way.
    """
    ours = Path(sys.argv[0]).name in _PROGRAMS and threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
