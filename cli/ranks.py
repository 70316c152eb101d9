"""Commands that train in several processes, which torchrun starts."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

_COUNT = "WORLD_SIZE"  # of torchrun


def trains_in_ranks(command: Callable[..., None]) -> Callable[..., None]:
    """The command; under torchrun its first rank runs it, and the others train with it.

    So only the first rank reads the catalogue, writes, grades and prints. If it fails, torchrun ends
    the others.
    """

    @wraps(command)
    def run(**options: Any) -> None:
        if os.environ.get(_COUNT, "1") == "1":
            command(**options)
            return
        from services.reranker.training import ranks

        ranks.join()
        if ranks.rank() == 0:
            command(**options)
        else:
            ranks.follow()
        ranks.leave()

    return run
