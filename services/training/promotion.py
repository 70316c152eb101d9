"""The gate before a promotion.

A bundle is used once its models are sound and its report says that it is no worse.
"""

import logging

from services.training.bundle_quality import objection
from shared.errors import AisleError, InvalidRequest
from shared.models.bundle import Bundle
from shared.models.registry import Registry

_LOG = logging.getLogger(__name__)


def promote(registry: Registry, version: str, force: bool = False) -> Bundle:
    """Use a bundle, once its files are whole, its models sound, and its report says that it is no
    worse.

    Raises InvalidRequest for what its report says or does not say; with `force` that is logged
    instead.
    """
    from services.training.bundle_check import check_models  # its libraries take a second to load

    chosen = registry.named(version)
    check_models(chosen)
    if against := objection_to(registry, version):
        if not force:
            remedy = (
                f"measure both with 'aisle evaluate', then promote {version} with --force if you know better"
            )
            raise InvalidRequest(f"bundle {version}", f"is not promoted: {against}; {remedy}")
        _LOG.warning("bundle %s is promoted by force: %s", version, against)
    registry.promote(version)
    return chosen


def objection_to(registry: Registry, version: str) -> str:
    """What its report gives against using a bundle instead of the one in use.

    Empty if there is nothing.
    """
    in_use = registry.version_in_use()
    # What Aisle ships can always be gone back to
    if version in (in_use, registry.default_version()):
        return ""
    return objection(registry.named(version), _found(registry, in_use), lambda name: _found(registry, name))


def _found(registry: Registry, version: str) -> Bundle | None:
    try:
        return registry.named(version)
    except AisleError:
        return None
