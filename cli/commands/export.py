"""`aisle export`: the whole catalogue as JSON lines."""

import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from cli.files.catalog_row import row_of
from cli.options import DATA, Data, Json
from cli.terminal.console import print_json, progress, say
from shared.errors import InvalidRequest
from shared.unpacking import zstd_module


def export(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Default: standard output. Compressed if it ends in .gz or .zst.", metavar="[FILE.jsonl]"
        ),
    ] = None,
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Write every product of DATA as JSON lines, which `aisle index` reads.

    All acknowledged writes are included. A server may serve DATA meanwhile. A failed export leaves
    no file.
    """
    if as_json and file is None:
        raise InvalidRequest(
            "--json", "needs a file to export to, because the products would go to standard output"
        )
    from services.standalone.exporting import exported

    count = 0
    with (
        _written(file) as lines,
        progress("Products", None, quiet=file is None or as_json) as advance,
    ):
        for product in exported(data):
            lines.write(json.dumps(row_of(product), ensure_ascii=False) + "\n")
            count += 1
            advance(1)
    if as_json:
        print_json({"products": count, "file": str(file)})
    elif file is not None:
        say(f"{count:,} products written to {file}")


@contextmanager
def _written(file: Path | None) -> Iterator[IO[str]]:
    """Standard output in UTF-8, a pipe or device, or a file that gets its name once it is complete."""
    if file is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")
        yield sys.stdout
        return
    _check(file)
    open_text = _opener(file.suffix)
    if _is_device(file):
        with open_text(file, "at", encoding="utf-8") as lines:
            yield lines
        return
    file = file.resolve()  # a link stays, and its target is replaced
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open_text(staged, "wt", encoding="utf-8") as lines:
            yield lines
        os.replace(staged, file)
    finally:
        staged.unlink(missing_ok=True)


def _opener(suffix: str) -> Callable[..., Any]:
    if suffix == ".zst":
        return zstd_module().open  # type: ignore[no-any-return]
    return gzip.open if suffix == ".gz" else open


def _check(file: Path) -> None:
    if file.is_dir():
        raise InvalidRequest(str(file), "is a folder; name a file in it")
    if not file.parent.is_dir():
        raise InvalidRequest(str(file), f"there is no folder {file.parent}; make it first")


def _is_device(file: Path) -> bool:
    """Whether the path is written to instead of replaced, such as /dev/stdout, even if that is a file."""
    is_open = str(file).startswith(("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"))
    return is_open or (file.exists() and not file.is_file())
