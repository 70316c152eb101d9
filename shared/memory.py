"""Memory that was freed goes back to the system."""

import ctypes


def return_free_memory() -> None:
    """Ask glibc to give back what it holds for later; nothing where there is no glibc.

    After an engine is built these are 150 MB that would count as the process's own.
    """
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return
