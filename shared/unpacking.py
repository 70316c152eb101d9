"""Opens a file or a pipe as a stream of bytes. It detects gzip and zstd by the first bytes."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

from shared.errors import Corrupt, NotFound

HEAD_BYTES = 1 << 16  # read ahead to detect the format
_MAGIC_BYTES = 4
_BUFFER_BYTES = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# Frames for programs, as pzstd writes them
_ZSTD_SKIPPED = tuple(bytes((0x50 + at,)) + b"\x2a\x4d\x18" for at in range(16))


@dataclass(frozen=True)
class Unpacked:
    """An open file: its first bytes, its stream from the start, and the position in the file."""

    path: Path
    stream: BufferedReader
    head: bytes
    bytes_read: Callable[[], int]  # of the compressed file; 0 for a pipe


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Open a file or a pipe.

    Raises NotFound if the file is missing. Reading raises Corrupt if a compressed file is damaged.
    """
    try:
        raw = path.open("rb")
    except IsADirectoryError as error:
        raise NotFound(f"{path} is a folder; name a file in it") from error
    except FileNotFoundError as error:
        remedy = "standard input is /dev/stdin" if str(path) == "-" else ("give a file of products or events")
        raise NotFound(f"{path}: there is no such file; {remedy}") from error
    with raw:
        seekable = raw.seekable()
        magic, whole = _peeked(raw, _MAGIC_BYTES)
        head, stream = _peeked(_unpacking(path, magic, whole), HEAD_BYTES)
        yield Unpacked(path, stream, head, raw.tell if seekable else lambda: 0)


def _peeked(stream: BufferedReader, size: int) -> tuple[bytes, BufferedReader]:
    """The first bytes of a stream, and the stream from its start."""
    head = b""
    # The data before the damage is read first; then the error is raised again
    with suppress(Corrupt):
        while len(head) < size and (more := stream.read1(size - len(head))):
            head += more
    if stream.seekable():
        stream.seek(0)
        return head, stream
    return head, BufferedReader(_Rejoined(head, stream), _BUFFER_BYTES)


def _unpacking(path: Path, magic: bytes, stream: BufferedReader) -> BufferedReader:
    if magic.startswith(_GZIP_MAGIC):
        packed = _Packed(
            path, "gzip", gzip.GzipFile(fileobj=stream), (EOFError, gzip.BadGzipFile, zlib.error)
        )
        return BufferedReader(packed, _BUFFER_BYTES)
    if magic in (_ZSTD_MAGIC, *_ZSTD_SKIPPED):
        zstd = zstd_module()
        packed = _Packed(path, "zstd", zstd.ZstdFile(stream), (EOFError, zstd.ZstdError))
        return BufferedReader(packed, _BUFFER_BYTES)
    return stream


def zstd_module() -> Any:
    """Python's own zstd, or its backport."""
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14 and later
    except ImportError:
        from backports import zstd
    return zstd


class _Rejoined(RawIOBase):
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: BufferedReader) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._head.readinto(buffer) or self._rest.readinto1(buffer)


class _Packed(RawIOBase):
    """The content of a compressed file. An error names a damaged file."""

    def __init__(self, path: Path, kind: str, inner: Any, damages: tuple[type[Exception], ...]) -> None:
        self._path = path
        self._kind = kind
        self._inner = inner
        self._damages = damages
        self._given = 0
        self._damage: Corrupt | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._damage:
            raise self._damage
        try:
            count: int = self._inner.readinto1(buffer)
        except self._damages as error:
            fault = (
                f"the {self._kind} file is cut short or damaged after "
                f"{self._given:,} unpacked bytes ({error})"
            )
            self._damage = Corrupt(f"{self._path}: {fault}; copy it again")
            raise self._damage from error
        self._given += count
        return count
