"""The secrets that sign query_ids and page tokens, in a file that gateways share."""

import logging
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from shared import owner_only
from shared.errors import Corrupt

_LOG = logging.getLogger(__name__)
_NEW_BYTES = 32
_LEAST_CHARACTERS = 32

_Stamp = tuple[int, int, int]  # inode, modification time in nanoseconds, size in bytes


class SecretFile:
    """A file with a secret on each line. The first one signs, and all are accepted.

    The file is read again when it changes. To replace a secret, insert a new line before it, and
    remove the old line later.
    """

    def __init__(self, path: Path) -> None:
        """Makes the file, for its owner only, if it does not exist.

        Raises Corrupt if it holds no usable secret.
        """
        self._path = path
        if not path.exists():
            _make(path)
        self._stamp = _stamp(path)
        self._secrets = _read(path)

    def current(self) -> Sequence[bytes]:
        """The secrets, the newest first.

        If a changed file cannot be read, the error is logged, and the previous secrets stay.
        """
        with suppress(OSError):
            if (stamp := _stamp(self._path)) != self._stamp:
                self._stamp = stamp
                self._reload()
        return self._secrets

    def _reload(self) -> None:
        try:
            self._secrets = _read(self._path)
        except (OSError, Corrupt) as error:
            _LOG.error("%s; the previous secrets stay in use", error)


def _make(path: Path) -> None:
    owner_only.folder(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secrets.token_hex(_NEW_BYTES)}\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another gateway was faster
        os.link(new, path)
    new.unlink()


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read(path: Path) -> Sequence[bytes]:
    lines = [line.strip() for line in path.read_bytes().splitlines()]
    found = [line for line in lines if line]
    if not found:
        raise Corrupt(f"{path}: holds no secret; remove the file, and a new one is made at the next start")
    for number, line in enumerate(found, 1):
        if len(line) < _LEAST_CHARACTERS:
            remedy = f"a secret has at least {_LEAST_CHARACTERS}, as from `openssl rand -hex 32`"
            raise Corrupt(f"{path}: secret {number} has {len(line)} characters; {remedy}")
    return found
