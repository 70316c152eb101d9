"""Which bundle of models is in use: promoting one, and going back.

DATA/bundles/<version>/      bundles; nothing overwrites one
DATA/bundles/current         the one in use; without it, the default that Aisle ships
DATA/bundles/promotions      names promoted, one a line, oldest first
"""

import os
from dataclasses import dataclass
from pathlib import Path

from shared import artifacts, bundle
from shared.bundle import Bundle
from shared.errors import NotFound

_PROMOTIONS = "promotions"


@dataclass(frozen=True)
class Bundles:
    """The bundles of a data folder; `default` is the folder of the one that Aisle ships."""

    root: Path
    default: Path

    def all(self) -> list[Bundle]:
        """The default first, then by age; those that cannot be read are told and left out."""
        folders = [self.root / name for name in bundle.versions(self.root)]
        shipped = [self.default] if (self.default / bundle.MANIFEST).is_file() else []
        return bundle.read_all([*shipped, *folders])

    def named(self, version: str) -> Bundle:
        """The bundle of that name, its files checked; NotFound or Corrupt."""
        if version in bundle.versions(self.root):
            return bundle.read(self.root / version)
        readable = self.all()
        found = next((each for each in readable if each.version == version), None)
        if found is None:
            names = ", ".join(each.version for each in readable) or "none"
            raise NotFound(f"no bundle is named {version!r}; there are: {names}")
        return bundle.read(found.folder)

    def in_use(self) -> str:
        """The promoted bundle's name; the default's without one."""
        return artifacts.current(self.root) or self._default_version()

    def promote(self, version: str) -> Bundle:
        """Use a bundle, once its files are found to be whole."""
        chosen = self.named(version)
        self._record([*self._promotions(), version])
        self._use(version)
        return chosen

    def rollback(self) -> str:
        """Use the bundle that was in use before the last promotion; its name."""
        promotions = self._promotions()
        if not promotions and self.in_use() == self._default_version():
            raise NotFound("no promotion to take back: the default bundle is in use")
        before = promotions[:-1]
        previous = before[-1] if before else self._default_version()
        if previous:
            self.named(previous)
        self._use(previous)
        self._record(before)
        return previous

    def _use(self, version: str) -> None:
        if version == self._default_version():
            (self.root / artifacts.CURRENT).unlink(missing_ok=True)
        else:
            artifacts.set_current(self.root, version)

    def _default_version(self) -> str:
        shipped = (self.default / bundle.MANIFEST).is_file()
        return bundle.read(self.default, verify=False).version if shipped else ""

    def _promotions(self) -> list[str]:
        path = self.root / _PROMOTIONS
        return path.read_text(errors="replace").split() if path.is_file() else []

    def _record(self, names: list[str]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        staged = self.root / f".{_PROMOTIONS}-{os.getpid()}"
        staged.write_text("".join(f"{name}\n" for name in names))
        os.replace(staged, self.root / _PROMOTIONS)


def bundles_of(data: Path) -> Bundles:
    """The bundles of a data folder, and the default that Aisle ships."""
    return Bundles(data / "bundles", bundle.DEFAULT)


def bundle_folder(data: Path, version: str = "") -> Path | None:
    """The folder of the bundle named, else of the one in use; None when there is none at all."""
    bundles = bundles_of(data)
    chosen = version or bundles.in_use()
    return bundles.named(chosen).folder if chosen else None
