"""Restricts Aisle's files to the owner of the process, because they hold data of shoppers."""

import logging
import os
import stat
from pathlib import Path

_FOLDER = 0o700
_FILE = 0o600
_OTHERS = 0o077

_LOG = logging.getLogger(__name__)


def begin() -> None:
    """Restrict files made by this process to its owner: folders 0700, files 0600.

    Call it once, at start.
    """
    os.umask(_OTHERS)


def folder(path: Path) -> None:
    """Make a folder, and its parents, for the owner only. An existing folder stays as it is."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir(mode=_FOLDER, exist_ok=True)


def file(path: Path) -> None:
    """Make an empty file for the owner only.

    If it exists and is ours, remove the permissions of others.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE))
    except FileExistsError:
        close_to_others(path)


def close_to_others(path: Path) -> None:
    """Remove the permissions of others from a file or folder of ours.

    Symlinks and files of other owners stay as they are.
    """
    try:
        found = path.lstat()
        # A sticky folder is meant for all users
        shared = found.st_mode & _OTHERS and not found.st_mode & stat.S_ISVTX
        if shared and is_ours(found) and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
            _LOG.info("%s was open to others; it is for its owner only now", path)
    except OSError:  # it is missing, or on a read-only disk
        return


def is_ours(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to the user of this process."""
    return found.st_uid == os.geteuid()


def data_folder(data: Path) -> None:
    """Close a data folder that an earlier version, or a shell, made readable for others."""
    if (data / "snapshots").is_dir():
        close_to_others(data)
