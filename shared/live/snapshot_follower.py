"""Serves the newest snapshot with all later changes, as long as the process lives.

A snapshot that becomes current is opened beside the one that serves. It applies the tail of
aisle.vectors, and serves once it has caught up. The previous one applies further changes only if it
has another encoder, because queries for it may still come.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Container, Sequence
from pathlib import Path

from shared.artifacts import current, read_manifest, versions
from shared.errors import AisleError, Corrupt, LogBehind, Unavailable
from shared.events.log import VECTORS, EventLog
from shared.live.opened import CannotApply, Live, Open, Opened
from shared.live.vectors_tail import Superseded, VectorsTail
from shared.log_once import LogOnce, trace_of
from shared.snapshot.generation import Positions, broken_file_named
from shared.snapshot.log_ends import check_ends
from shared.watchdog import watching

_LOG = logging.getLogger(__name__)

# Between two states of a snapshot, because each costs a commit of the word index
REFRESH_SECONDS = 0.4
# Multiple of the last refresh's time, so that pages get most of a busy machine's time
_REST = 2
_LONGEST_PAUSE_SECONDS = 0.5
_KEPT = 2  # open snapshots: the newest, and the previous one for running searches
_RETRY_SECONDS = 1.0
_REOPEN_SECONDS = 30.0


class SnapshotFollower:
    """Keeps the services of one process on the newest snapshot and at the end of the log."""

    def __init__(
        self,
        events: EventLog,
        root: Path,
        opens: Sequence[Open],
        look_seconds: float,
        pause: float = REFRESH_SECONDS,
    ) -> None:
        """`root` holds the snapshots, and is checked every `look_seconds`.

        The first of `opens` serves first.
        """
        self._events, self._root, self._opens = events, root, opens
        self._look_seconds, self._pause_seconds = look_seconds, pause
        self._tail = VectorsTail(events, look_seconds)
        self._opened: list[Opened] = []  # the newest last
        self._tried: str | None = None
        self._try_again_at = 0.0
        self._opening: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._first = asyncio.Event()
        self._failures = LogOnce(_LOG, "the newest snapshot is not served, the previous one stays in use: %s")

    async def start(self) -> None:
        """Serve the current snapshot, or the newest sound one. Without any, `run` waits for one.

        If no snapshot is sound, raises the error of the oldest, naming the file. Raises NotFound if
        the current one is missing.
        """
        failures: dict[str, AisleError] = {}
        while (version := self._next_of(failures)) is not None:
            try:
                await self._open(version, even_behind=True)
                return
            except LogBehind:  # the snapshot is sound, so older ones are not tried
                raise
            except Exception as error:  # libraries raise all kinds of errors for a broken file
                failures[version] = self._named(version, error)
                _LOG.error("snapshot %s is not served: %s", version, failures[version])
        if failures:
            raise failures[min(failures)]
        if missing := current(self._root):
            read_manifest(self._root / missing)

    def _next_of(self, failures: Container[str]) -> str | None:
        """The current snapshot, or the newest one, among those that have not failed.

        Returns None if none is left. It reads the folder each time, because `aisle index` may
        publish and remove snapshots meanwhile.
        """
        self._tried = self._newest()
        untried = [name for name in versions(self._root) if name not in failures]
        return max(untried, key=lambda name: (name == self._tried, name), default=None)

    def _newest(self) -> str | None:
        """The name of the current snapshot.

        Returns None if there is none, or its name cannot be read.
        """
        try:
            version = current(self._root)
        except AisleError as error:
            self._failures.log(error)
            return None
        self._failures.recovered()
        return version

    def _named(self, version: str, error: Exception) -> AisleError:
        """The error as an AisleError, which names the file and the remedy."""
        if isinstance(error, CannotApply):
            remedy = "restore the log from a backup, or roll the snapshot back"
            return Corrupt(
                f"the log's changes after snapshot {version} cannot be applied to it ({error}); {remedy}"
            )
        if isinstance(error, AisleError):
            return error
        return Corrupt(f"{self._root / version}: {error}; rebuild it")

    async def opened(self) -> None:
        """Return once a snapshot is served."""
        await self._first.wait()

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            if not self._opened:
                await self._begin()
            while True:
                await self._step()
        finally:
            if self._opening:
                self._opening.cancel()
            for opened in self._opened:
                opened.close()

    async def _begin(self) -> None:
        try:
            await self.start()
        except AisleError as error:
            _LOG.error("nothing is served until a whole snapshot exists: %s", error)

    async def _step(self) -> None:
        try:
            self._look()
            if not self._opened:
                await asyncio.sleep(self._look_seconds)
            elif await self._events.wait(VECTORS, self._opened[-1].position, self._look_seconds):
                await asyncio.sleep(self._not_before - time.monotonic())
                began = time.monotonic()
                await self._catch_up()
                self._not_before = began + self._pause(time.monotonic() - began)
        except Exception as error:  # keep following after any error
            message = "aisle.vectors cannot be read; the served products do not change meanwhile: %s"
            _LOG.error(message, error, exc_info=trace_of(error))
            await asyncio.sleep(_RETRY_SECONDS)

    def _pause(self, took_seconds: float) -> float:
        """The pause between two refreshes."""
        return max(self._pause_seconds, min((1 + _REST) * took_seconds, _LONGEST_PAUSE_SECONDS))

    def _look(self) -> None:
        version = self._newest()
        if version is None or (self._opening and not self._opening.done()):
            return
        if version != self._tried or 0 < self._try_again_at < time.monotonic():
            self._tried, self._try_again_at = version, 0.0
            self._opening = asyncio.create_task(self._open_beside(version))

    async def _open_beside(self, version: str) -> None:
        try:
            await self._open(version)
        except Superseded as error:
            _LOG.info("snapshot %s is not served: %s", version, error)
        except Corrupt as error:
            _LOG.error("snapshot %s is not served, the previous one stays in use: %s", version, error)
        except Exception as error:  # keep following after any error
            self._try_again_at = time.monotonic() + _REOPEN_SECONDS
            known = isinstance(error, ValueError | CannotApply)
            message = "snapshot %s is not served yet, the previous one stays in use: %s"
            _LOG.error(message, version, error, exc_info=None if known else trace_of(error))

    async def _open(self, version: str, even_behind: bool = False) -> None:
        """Open a snapshot, catch up, serve.

        With `even_behind`, it serves without the tail while the log is down.
        """
        with watching(f"opening snapshot {version}"):
            lives = [await asyncio.to_thread(self._live, open_, version) for open_ in self._opens]
            opened = await self._caught_up(lives, even_behind)
        for live in lives:
            live.serve()
        self._opened.append(opened)
        self._first.set()
        while len(self._opened) > _KEPT:
            self._opened.pop(0).close()
        _LOG.info("serving snapshot %s", version)

    def _superseded(self, version: str) -> bool:
        return self._newest() not in (version, None)

    def _live(self, open_: Open, version: str) -> Live:
        with broken_file_named(self._root / version):
            return open_(version)

    async def _caught_up(self, lives: Sequence[Live], even_behind: bool) -> Opened:
        opened = Opened(lives, lives[0].position)
        try:
            end = await self._events.end_offset(VECTORS)
            check_ends(lives[0].version, Positions(vectors=opened.position), Positions(vectors=end))
            await self._tail.catch_up(opened, self._opened, lambda: self._superseded(lives[0].version))
        except Unavailable as error:
            if not even_behind:
                raise
            _LOG.warning("snapshot %s is served without later writes: %s", lives[0].version, error)
        except Superseded:
            opened.close()
            raise
        return opened

    async def _catch_up(self) -> None:
        """Apply new changes.

        The previous snapshot is left as it is, unless it has another encoder.
        """
        encoder = self._opened[-1].encoder_version
        for opened in list(self._opened):
            if opened is not self._opened[-1] and opened.encoder_version == encoder:
                continue
            try:
                if await self._tail.advance(opened):
                    opened.refresh()
            except CannotApply as error:
                self._give_up(opened, error)

    def _give_up(self, opened: Opened, error: CannotApply) -> None:
        """Stop changing a snapshot. It is opened again, with all later changes."""
        _LOG.error(
            "snapshot %s could not apply changes and is opened again (%s)", opened.lives[0].version, error
        )
        if opened is self._opened[-1]:
            self._try_again_at = time.monotonic()
        self._opened.remove(opened)
        opened.close()
