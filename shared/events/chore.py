"""Something else that the thread of a log in a file does, between two groups of appends."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from shared.events.sqlite_file import SqliteFile


@dataclass(frozen=True, slots=True)
class Chore:
    """What to do with the file; `done` has what it returns."""

    do: Callable[[SqliteFile], object]
    done: Future[Any]

    def carry_out(self, file: SqliteFile) -> None:
        """Do it, unless the caller has left. Never raises: the thread has more to do."""
        if not self.done.set_running_or_notify_cancel():
            return
        try:
            self.done.set_result(self.do(file))
        except Exception as error:
            self.done.set_exception(error)
