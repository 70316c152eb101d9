"""The bundles of a data folder: all of them, the one that serves, and those that fit a snapshot.

DATA/bundles/<version>/ holds the bundles, which are never overwritten. promotions.py records the
one in use. Until one is promoted, the bundle that Aisle ships serves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared import artifacts
from shared.errors import Corrupt, NotFound
from shared.models import bundle, promotions
from shared.models.bundle import Bundle

_LOG = logging.getLogger(__name__)
DEFAULT = Path(__file__).parents[1] / "default_bundle"  # of the bundle that Aisle ships


@dataclass(frozen=True)
class Registry:
    """The bundles under `root`, and the one in `default`."""

    root: Path
    default: Path = DEFAULT

    @classmethod
    def of(cls, data: Path) -> Registry:
        """The bundles of a data folder, and the one that Aisle ships."""
        return cls(data / bundle.FOLDER)

    def all(self) -> list[Bundle]:
        """The default first, then by age.

        Unreadable bundles are logged and skipped. Files are not checked.
        """
        default = self.default_version()
        if default and (self.root / default / bundle.MANIFEST).is_file():
            _LOG.warning(
                "%s is left out: the bundle that Aisle ships has that name; rename it",
                self.root / default,
            )
        names = [name for name in self._versions() if name != default]
        return _readable([*([self.default] if default else []), *(self.root / name for name in names)])

    def named(self, version: str) -> Bundle:
        """The bundle of that name, with its files checked. Raises NotFound or Corrupt."""
        if version in self._versions() and version != self.default_version():
            return bundle.read(self.root / version)
        readable = self.all()
        found = next((each for each in readable if each.version == version), None)
        if found is None:
            names = ", ".join(each.version for each in readable) or "none"
            raise NotFound(f"no bundle is named {version!r}; there are: {names}")
        return bundle.read(found.folder)

    def version_in_use(self) -> str:
        """The promoted bundle's name, or the default's. Empty if there is neither."""
        return self.promoted_version() or self.default_version()

    def promoted_version(self) -> str:
        """The promoted bundle's name, whether it is one or not. Empty without a promotion."""
        return artifacts.current(self.root) or ""

    def in_use(self) -> Bundle | None:
        """The bundle that serves, without a check of its files.

        Raises NotFound if the promoted name is no bundle.
        """
        if promoted := self._promoted():
            return bundle.read(self.root / promoted, verify=False)
        return self._shipped()

    def chosen(self, version: str = "") -> Bundle | None:
        """The named bundle, or the one in use, with its files checked.

        Returns None if there is none.
        """
        name = version or self._promoted() or self.default_version()
        return self.named(name) if name else None

    def fitting(self, heads_sha256: str, version: str = "") -> list[Bundle]:
        """The bundles that may serve a snapshot whose token states were made with these heads, best
        first.

        These are the bundle in use and its predecessors. A new ranker or block serves at once. New
        heads wait for a snapshot made with them, and the previous bundle serves meanwhile. With
        `version`, only that bundle counts. Raises NotFound if none fits.
        """
        wanted = self._all_folders() if version else self._promoted_folders()
        readable = _readable(folder for folder in wanted if (folder / bundle.MANIFEST).is_file())
        named = [each for each in readable if version in ("", each.version)]
        if fitting := [each for each in named if each.files.get(bundle.HEADS) == heads_sha256 != ""]:
            return fitting
        reason = "the snapshot, whose states were made with other heads"
        if version:
            remedy = "name the catalogue file, so that it is encoded with the bundle"
            commands = "'aisle train ranker --catalog FILE', or 'aisle index FILE'"
            raise NotFound(f"bundle {version} does not fit {reason}; {remedy}: {commands}")
        raise NotFound(f"no bundle under {self.root} fits {reason}; index again")

    def promoted(self) -> list[Bundle]:
        """The bundle in use, its predecessors, and the default. Files are not checked."""
        folders = self._promoted_folders()
        return _readable(each for each in folders if (each / bundle.MANIFEST).is_file())

    def with_heads(self, heads_sha256: str) -> Bundle | None:
        """A bundle with these heads: a promoted one, or the newest.

        Returns None if there is none.
        """
        folders = [
            *self._promoted_folders(),
            *(self.root / name for name in reversed(self._versions())),
        ]
        bundles = (
            bundle.read(folder, verify=False) for folder in folders if (folder / bundle.MANIFEST).is_file()
        )
        return next((each for each in bundles if each.files.get(bundle.HEADS) == heads_sha256), None)

    def promote(self, version: str) -> None:
        """Use a bundle from now on.

        It is not validated; services/training/promotion.py does that first.
        """
        promotions.promote(self.root, version, self.default_version())

    def roll_back(self) -> str:
        """Return to the bundle before the last promotion, and return its name.

        Raises NotFound without a promotion.
        """
        default = self.default_version()
        promoted = promotions.history(self.root, default)
        if not promoted and self.version_in_use() == default:
            raise NotFound("no promotion to take back: the default bundle is in use")
        previous = promoted[-2] if len(promoted) > 1 else default
        if previous:
            self.named(previous)
        promotions.take_back(self.root, default)
        return previous

    def default_version(self) -> str:
        """The name of the bundle that Aisle ships. Empty if it ships none."""
        shipped = self._shipped()
        return shipped.version if shipped else ""

    def _shipped(self) -> Bundle | None:
        exists = (self.default / bundle.MANIFEST).is_file()
        return bundle.read(self.default, verify=False) if exists else None

    def _versions(self) -> list[str]:
        """Names of the bundles under the root, oldest first (names sort by time)."""
        return artifacts.versions(self.root, bundle.MANIFEST)

    def _promoted(self) -> str:
        """The promoted bundle's name. Empty without a promotion.

        Raises NotFound if no bundle has that name.
        """
        version = self.promoted_version()
        if version and not (self.root / version / bundle.MANIFEST).is_file():
            remedy = "write the name of one into it, or remove it to use the bundle that Aisle ships"
            raise NotFound(
                f"{self.root / artifacts.CURRENT} names {version[:100]!r}, which is no bundle; {remedy}"
            )
        return version

    def _all_folders(self) -> list[Path]:
        return [*(self.root / name for name in self._versions()), self.default]

    def _promoted_folders(self) -> list[Path]:
        """The folders of the bundles that may serve.

        The one in use comes first, then its predecessors, then the default.
        """
        default = self.default_version()
        names = [*reversed(promotions.history(self.root, default)), default]
        return [
            self.default if name == default else self.root / name for name in dict.fromkeys(names) if name
        ]


def _readable(folders: Iterable[Path]) -> list[Bundle]:
    """The bundles in `folders`, without a check of their files.

    Unreadable ones are logged and skipped.
    """
    found = []
    for folder in folders:
        try:
            found.append(bundle.read(folder, verify=False))
        except Corrupt as error:
            _LOG.warning("a bundle is left out: %s", error)
    return found
