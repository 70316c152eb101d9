"""What a failed test leaves behind is thrown away with it, and is no error of the test that happens
to run next.

A test that fails does not come to the lines that close what it opened. Warnings are errors, so the
first test in which the garbage collector finds an open connection would fail as well. Tests that
pass are held to closing everything.
"""

import gc
import sys
import warnings

# pytest leaves the failure there, and all its frames
_LAST = ("last_type", "last_value", "last_traceback", "last_exc")


def throw_away() -> None:
    """Collect unreferenced objects, without warnings."""
    for name in _LAST:
        if hasattr(sys, name):
            delattr(sys, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
