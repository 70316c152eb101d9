"""Who goes first where there are not processors enough for all."""

import os
from contextlib import suppress

_NICE = 10


def give_way() -> None:
    """From now on this process, and those that it begins, let others go first: pages, which somebody waits for."""
    with suppress(OSError):  # where the system allows it
        os.nice(_NICE)
