"""Parquet files, read in batches of rows. Needs the extra parquet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.errors import Corrupt, InvalidRequest
from shared.json_lines import Line

MAGIC = b"PAR1"
_BATCH_ROWS = 1_000


def rows_in(path: Path) -> Iterator[Line]:
    """The rows in order. A row's number, from 1, serves as its line."""
    if not _is_plain(path):
        fault = (
            "is Parquet in a pipe, or packed with gzip or zstd; unpack "
            "it into a file, since its end is read first"
        )
        raise InvalidRequest(str(path), fault)
    pyarrow = _library(path)
    size = path.stat().st_size
    number = 0
    try:
        file = pyarrow.parquet.ParquetFile(path)
        total = max(1, file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield Line(number, _filled(row), "", size * number // total)
    except (OSError, pyarrow.ArrowException) as error:
        raise Corrupt(f"{path}: is no Parquet file, or a damaged one ({error}); write it again") from error


def _is_plain(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _library(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        fault = "is a Parquet file, which needs extra 'parquet': run pip install '.[parquet]'"
        raise InvalidRequest(str(path), fault) from error
    return pyarrow


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """The row's values in the types of JSON.

    Times become texts, maps become objects, decimals become numbers.
    """
    return {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        pairs = bool(value) and all(isinstance(each, tuple) and len(each) == 2 for each in value)
        return {str(key): _plain(each) for key, each in value} if pairs else [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else _number_or_text(value)


def _number_or_text(value: Any) -> float | str:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
