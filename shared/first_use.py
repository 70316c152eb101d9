"""The first use of a native library: by one thread, before any other thread can reach it.

An extension module fills static variables at its first call. The thread that fills one may wait for
Python's interpreter, while another thread holds the interpreter and waits for the variable: both
wait for ever. OpenVINO's first two inferences did this (pybind11's interface to numpy), and no
watchdog written in Python runs then.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

Item = TypeVar("Item")

_lock = threading.RLock()  # one of the whole process: libraries share libraries


def used_once(make: Callable[[], Item], use: Callable[[Item], object]) -> Item:
    """What `make` returns, after `use` has used it; one thread at a time, whatever the library."""
    with _lock:
        item = make()
        use(item)
        return item
