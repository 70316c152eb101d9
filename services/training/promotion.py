"""The gate before a promotion: sound models, and a report without a loss of quality."""

import logging

from services.training.bundle_quality import objection
from shared.errors import AisleError, InvalidRequest
from shared.models.bundle import Bundle
from shared.models.registry import Registry

_LOG = logging.getLogger(__name__)


def promote(registry: Registry, version: str, force: bool = False) -> Bundle:
    """Promote a bundle if its files and models are sound, and its report shows no loss.

    Raises InvalidRequest if the report objects or lacks a comparison; with `force` that is only
    logged. Raises Corrupt for damaged files or models.
    """
    from services.training.bundle_check import check_models  # its libraries take a second to load

    chosen = registry.named(version)
    check_models(chosen)
    if reason := objection_to(registry, version):
        if not force:
            remedy = f"measure both with 'aisle evaluate', and use --force if {version} is better"
            raise InvalidRequest(f"bundle {version}", f"is not promoted: {reason}; {remedy}")
        _LOG.warning("bundle %s is promoted by force: %s", version, reason)
    registry.promote(version)
    return chosen


def objection_to(registry: Registry, version: str) -> str:
    """Why a bundle should not replace the one in use, by its report; empty if it may."""
    in_use = registry.version_in_use()
    # Going back to the shipped bundle is always allowed
    if version in (in_use, registry.default_version()):
        return ""
    return objection(registry.named(version), _found(registry, in_use), lambda name: _found(registry, name))


def _found(registry: Registry, version: str) -> Bundle | None:
    try:
        return registry.named(version)
    except AisleError:
        return None
