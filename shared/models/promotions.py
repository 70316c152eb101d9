"""Records which bundle of a folder is in use, and its predecessors.

ROOT/current      the one in use; without it, the default that Aisle ships
ROOT/promotions   names of promoted bundles, one a line, oldest first

A promotion or a rollback takes effect when `current` is replaced, which is atomic. In `promotions`,
lines after the last one that names the bundle in use are ignored: their promotion was interrupted
or rolled back.
"""

import os
from pathlib import Path

from shared import artifacts

_PROMOTIONS = "promotions"


def history(root: Path, default: str = "") -> list[str]:
    """Names of promoted bundles, oldest first. The last one is in use.

    Empty while the default is in use and was never promoted.
    """
    names = _recorded(root)
    current = artifacts.current(root)
    in_use = current or default
    if in_use in names:
        return names[: len(names) - names[::-1].index(in_use)]
    return [*names, in_use] if current else []


def promote(root: Path, version: str, default: str = "") -> None:
    """Use a version from now on. Does nothing if it is in use already."""
    if (artifacts.current(root) or default) != version:
        _record(root, [*history(root, default), version])
        _use(root, version, default)


def take_back(root: Path, default: str = "") -> None:
    """Return to the bundle before the last promotion."""
    before = history(root, default)[:-1]
    _use(root, before[-1] if before else default, default)
    _record(root, before)


def _recorded(root: Path) -> list[str]:
    path = root / _PROMOTIONS
    return path.read_text(errors="replace").split() if path.is_file() else []


def _record(root: Path, names: list[str]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    staged = root / f".{_PROMOTIONS}-{os.getpid()}"
    with staged.open("w") as file:
        file.write("".join(f"{name}\n" for name in names))
        file.flush()
        os.fsync(file.fileno())
    os.replace(staged, root / _PROMOTIONS)


def _use(root: Path, version: str, default: str) -> None:
    if version == default:
        (root / artifacts.CURRENT).unlink(missing_ok=True)
    else:
        artifacts.set_current(root, version)
