"""Progress bars of long work: reading a catalogue, encoding its products, and other jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from cli.terminal.console import err


class WorkBars:
    """One bar for each kind of work, shown once its work begins."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    @classmethod
    @contextmanager
    def shown(cls, quiet: bool = False) -> Iterator[WorkBars]:
        """Bars on standard error. Hidden if that is no terminal, or if `quiet`."""
        columns = (
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=40),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bars:
            yield cls(bars)

    def read(self, count: int, total: int, /) -> None:
        """Update the bytes read of the file."""
        self._bars.update(self._task("Reading", total), completed=count, total=total)

    def encoded(self, count: int, total: int, /) -> None:
        """Update the number of encoded products."""
        self._bars.update(self._task("Encoding", total), completed=count, total=total)

    def counting(self, title: str, total: int) -> Callable[[int], None]:
        """Add a bar.

        Call the returned function with the number of items finished since the last call.
        """
        return lambda count: self._bars.advance(self._task(title, total), count)

    def _task(self, title: str, total: int) -> TaskID:
        if title not in self._tasks:
            self._tasks[title] = self._bars.add_task(title, total=total)
        return self._tasks[title]
