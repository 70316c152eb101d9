"""Handles Ctrl-C before a process has installed its own handler."""

import signal
import sys
import threading
from pathlib import Path

# Python's name for `python -m services...` while it imports, and the command line
_PROGRAMS = ("-m", "aisle")


def end_silently() -> None:
    """While one of our processes imports, let Ctrl-C end it as SIGTERM does: at once, without a
    traceback.

    Servers and commands install their own handlers later (shared/rpc/server.py, asked_to_end;
    cli/app.py). Other programs that import Aisle keep theirs.
    """
    ours = Path(sys.argv[0]).name in _PROGRAMS and threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """Make Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
