"""Ends a process after an expected error, with one line that names the file and the remedy."""

import asyncio
import errno
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from shared.errors import AisleError

_REMEDIES = {
    errno.EACCES: "change its permissions, or name another place",
    errno.EPERM: "change its permissions, or name another place",
    errno.EROFS: "name another place",
    errno.EISDIR: "a file belongs there: move the folder away",
    errno.ENOTDIR: "a folder belongs there: move the file away",
    errno.ENOSPC: "free some space and run it again",
    errno.EDQUOT: "free some space and run it again",
}


def one_line(error: AisleError | OSError) -> str:
    """The error in one line."""
    if isinstance(error, AisleError):
        return str(error)
    place = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{place}{error.strerror or error}" + (f"; {remedy}" if remedy else "")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a service to its end. The exit code is 1 after an error."""
    try:
        asyncio.run(main())
    except (AisleError, OSError) as error:
        sys.exit(one_line(error))  # on standard error, with exit code 1
