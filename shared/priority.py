"""Priorities between processes, and between the threads of one, where processors are scarce."""

import gc
import os
import sys
from contextlib import suppress

_NICE = 10
_NICE_BEHIND = 5
_NICE_LAST = 19
# Python's default of 5 ms, several times a page, is a page's whole time (docs/performance-live.md)
_SWITCH_SECONDS = 0.0002


def give_way() -> None:
    """Give this process, and its children, a lower priority than others.

    Pages have priority, because shoppers wait for them.
    """
    with suppress(OSError):  # if the system allows it
        os.nice(_NICE)


def let_pass() -> None:
    """Give this process a lower priority than the one that it works for."""
    with suppress(OSError):
        os.nice(_NICE_BEHIND)


def run_last() -> None:
    """Give the calling thread the lowest priority. On Linux each thread has its own."""
    with suppress(OSError):
        os.nice(_NICE_LAST)


def answer_promptly() -> None:
    """Tune a serving process, after its imports and before it opens anything.

    A computing thread soon hands the interpreter to an answering one. The garbage collector skips
    the imported modules while requests wait.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
