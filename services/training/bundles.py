"""Which bundle of models is in use: promoting one, and going back.

DATA/bundles/<version>/ has the bundles, which nothing overwrites; shared/promotions.py says which is in use.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from services.training.bundle_quality import objection
from shared import artifacts, bundle, promotions
from shared.bundle import Bundle
from shared.errors import AisleError, InvalidRequest, NotFound

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bundles:
    """The bundles of a data folder; `default` is the folder of the one that Aisle ships."""

    root: Path
    default: Path

    def all(self) -> list[Bundle]:
        """The default first, then by age; those that cannot be read are told and left out."""
        default = self._default_version()
        folders = [self.root / name for name in bundle.versions(self.root) if name != default]
        if default and (self.root / default / bundle.MANIFEST).is_file():
            _LOG.warning("%s is left out: the bundle that Aisle ships has that name; rename it", self.root / default)
        shipped = [self.default] if (self.default / bundle.MANIFEST).is_file() else []
        return bundle.read_all([*shipped, *folders])

    def named(self, version: str) -> Bundle:
        """The bundle of that name, its files checked; NotFound or Corrupt."""
        if version in bundle.versions(self.root) and version != self._default_version():
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

    def objection(self, version: str) -> str:
        """What its report gives against using a bundle instead of the one in use; empty when it bears it out."""
        in_use, default = self.in_use(), self._default_version()
        if version in (in_use, default):  # what Aisle ships can always be gone back to
            return ""
        return objection(self.named(version), self._found(in_use), self._found)

    def promote(self, version: str, force: bool = False) -> Bundle:
        """Use a bundle, once its files are whole, its models sound, and its report says that it is no worse.

        Raises InvalidRequest for what its report says or does not say; with `force` that is logged instead.
        """
        from services.training.bundle_check import check_models  # its libraries take a second to load

        chosen = self.named(version)
        check_models(chosen)
        if against := self.objection(version):
            if not force:
                remedy = f"measure both with 'aisle evaluate', then promote {version} with --force if you know better"
                raise InvalidRequest(f"bundle {version}", f"is not promoted: {against}; {remedy}")
            _LOG.warning("bundle %s is promoted by force: %s", version, against)
        promotions.promote(self.root, version, self._default_version())
        return chosen

    def rollback(self) -> str:
        """Use the bundle that was in use before the last promotion; its name."""
        default = self._default_version()
        promoted = promotions.history(self.root, default)
        if not promoted and self.in_use() == default:
            raise NotFound("no promotion to take back: the default bundle is in use")
        previous = promoted[-2] if len(promoted) > 1 else default
        if previous:
            self.named(previous)
        promotions.take_back(self.root, default)
        return previous

    def _found(self, version: str) -> Bundle | None:
        try:
            return self.named(version)
        except AisleError:
            return None

    def _default_version(self) -> str:
        shipped = (self.default / bundle.MANIFEST).is_file()
        return bundle.read(self.default, verify=False).version if shipped else ""


def bundles_of(data: Path) -> Bundles:
    """The bundles of a data folder, and the default that Aisle ships."""
    return Bundles(data / bundle.FOLDER, bundle.DEFAULT)


def bundle_folder(data: Path, version: str = "") -> Path | None:
    """The folder of the bundle named, else of the one in use; None when there is none at all."""
    bundles = bundles_of(data)
    promoted = "" if version else artifacts.current(bundles.root)
    if promoted:
        bundle.check_promoted(bundles.root, promoted)
    chosen = version or bundles.in_use()
    return bundles.named(chosen).folder if chosen else None
