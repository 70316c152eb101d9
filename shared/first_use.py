"""Runs the first use of a native library in one thread, before other threads can use the library.

An extension module fills static variables at its first call. The thread that fills one may wait for
Python's interpreter, while another thread holds the interpreter and waits for the variable. Then
both wait forever. OpenVINO's first two inferences did this (pybind11's interface to numpy), and no
watchdog written in Python runs then.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

Item = TypeVar("Item")

_lock = threading.RLock()  # one lock for the whole process: libraries share libraries


def used_once(make: Callable[[], Item], use: Callable[[Item], object]) -> Item:
    """The result of `make`, after `use` has used it.

    Runs one thread at a time, for all libraries together.
    """
    with _lock:
        item = make()
        use(item)
        return item
