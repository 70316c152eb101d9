"""Drops the objects of a failed test, so that they do not fail the next test.

A failed test does not reach the lines that close its files and connections. Warnings are errors, so
the test in which the garbage collector finds an open connection would fail as well. Tests that pass
must still close everything.
"""

import gc
import sys
import warnings

# pytest leaves the failure in them, and all its frames
_LAST = ("last_type", "last_value", "last_traceback", "last_exc")


def throw_away() -> None:
    """Collect unreferenced objects, without warnings."""
    for name in _LAST:
        if hasattr(sys, name):
            delattr(sys, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
