"""Who goes first where processors are short, between processes and between the threads of one."""

import gc
import os
import sys
from contextlib import suppress

_NICE = 10
# Python's 5 ms, several times a page, are what a page takes (docs/performance-live.md)
_SWITCH_SECONDS = 0.0002


def give_way() -> None:
    """From now on this process, and those that it begins, let others go first.

    Pages, which somebody waits for.
    """
    with suppress(OSError):  # where the system allows it
        os.nice(_NICE)


def answer_promptly() -> None:
    """For a process that serves, once all is imported and nothing is opened yet.

    A thread that computes hands the interpreter over soon to the one that answers, and what was
    imported is no longer looked through for garbage while requests wait.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
