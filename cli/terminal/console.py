"""The output of commands: results on standard output, everything else on standard error."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from shared.catalog.validation import CONTROL

Advance = Callable[[int], None]

out = Console()
err = Console(stderr=True)


def print_json(content: Any) -> None:
    """Print one object on standard output, for programs.

    It is ASCII, so that every locale can print it.
    """
    print(json.dumps(content, indent=1))


def one_line(text: str) -> str:
    """A text as a terminal may show it.

    Control characters, which could move the cursor, become spaces.
    """
    return CONTROL.sub(" ", text)


def say(line: str) -> None:
    """Print a line on standard output, unformatted."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def warn(line: str) -> None:
    """Print a line on standard error, unformatted."""
    err.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(title: str, total: int | None, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on standard error. Hidden if that is no terminal, or if `quiet`.

    With `total` None, the bar has no end.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def waiting(message: str, quiet: bool = False) -> Iterator[None]:
    """A spinner on standard error during work of unknown length."""
    if quiet or not err.is_terminal:
        yield
        return
    with err.status(message):
        yield
