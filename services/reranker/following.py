"""Serve the newest snapshot and bundle without a restart."""

import asyncio
import logging
from collections.abc import Callable, Hashable

from services.reranker.opened import OpenedRerankers
from services.reranker.reranker import Reranker
from shared.errors import AisleError

Reopen = Callable[[], Reranker | None]

_LOG = logging.getLogger(__name__)


async def follow(
    opened: OpenedRerankers, newest: Callable[[], Hashable], reopen: Reopen, refresh_seconds: float
) -> None:
    """Whenever what `newest` names has changed, open it beside the old one and use it; for ever.

    What cannot be opened is reported once, and the old one goes on serving.
    """
    seen: Hashable = None
    while True:
        if (name := newest()) != seen:
            seen = name
            await _reopen(opened, reopen)
        await asyncio.sleep(refresh_seconds)


async def _reopen(opened: OpenedRerankers, reopen: Reopen) -> None:
    try:
        if reranker := await asyncio.to_thread(reopen):
            opened.add(reranker)
            _LOG.info("serving snapshot %s with bundle %s", reranker.snapshot.version, reranker.bundle_version)
    except (AisleError, OSError):
        _LOG.exception("the newest snapshot or bundle cannot be opened; the one before goes on serving")
