"""Work on the log's file other than appends. Its thread does it between two groups of appends."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from shared.events.sqlite_file import SqliteFile


@dataclass(frozen=True, slots=True)
class Chore:
    """Work on the file. `result` receives what `do` returns."""

    do: Callable[[SqliteFile], object]
    result: Future[Any]

    def carry_out(self, file: SqliteFile) -> None:
        """Do the work, unless the caller has cancelled it.

        Never raises, because the thread must go on.
        """
        if not self.result.set_running_or_notify_cancel():
            return
        try:
            self.result.set_result(self.do(file))
        except Exception as error:
            self.result.set_exception(error)
