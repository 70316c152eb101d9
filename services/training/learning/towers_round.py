"""Trains the towers from what shoppers opened, when it is time."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from services.training.learning.config import TrainerConfig
from services.training.learning.state import LearningState
from services.training.promotion import promote
from shared.errors import InvalidRequest
from shared.models.registry import Registry

_LOG = logging.getLogger(__name__)
_HOUR_SECONDS = 3_600.0
_LEAST_GROWTH = 0.1  # of the pages with an open since the last training
_NEEDED = ("torch", "sentence_transformers")


@dataclass(frozen=True)
class TowersRound:
    """The result of a training of the towers."""

    refused: str  # why the towers in use stay; empty: the new ones are in use
    bundle_version: str = ""  # empty: nothing was trained

    def report(self) -> dict[str, Any]:
        """For the log, the state and the command line."""
        return asdict(self)


def learn_towers_if_due(
    data: Path, config: TrainerConfig, pages: int, now_seconds: float
) -> TowersRound | None:
    """Train new towers and promote them if they pass their gate. None: it is not time.

    `pages` is the number of pages with an open.
    """
    state = LearningState.read(data)
    if not _due(state, config, pages, now_seconds):
        return None
    outcome = _learnt(data)
    _LOG.info("towers %s: %s", outcome.bundle_version, outcome.refused or "in use")
    replace(
        state,
        towers_seconds=now_seconds,
        towers_pages=pages,
        towers={"seconds": now_seconds, **outcome.report()},
    ).write(data)
    return outcome


def _due(state: LearningState, config: TrainerConfig, pages: int, now_seconds: float) -> bool:
    if not config.towers_hours or pages < max(config.least_pages, (1 + _LEAST_GROWTH) * state.towers_pages):
        return False
    return now_seconds - state.towers_seconds >= config.towers_hours * _HOUR_SECONDS


def _learnt(data: Path) -> TowersRound:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        return TowersRound(f"{missing[0]} is not installed; it comes with the extra 'train'")
    base = Registry.of(data).chosen()
    if base is None:
        return TowersRound("no bundle is in use, so there are no towers to train further")
    # Its libraries are those of the whole engine, which a trainer without towers need not have
    from services.training.towers.job import train_towers_job

    version = ""
    try:
        version = str(train_towers_job(data, [], base, _indexed, _LOG.info)["bundle_version"])
        promote(Registry.of(data), version)
    except InvalidRequest as error:
        return TowersRound(str(error), version)
    return TowersRound("", version)


def _indexed(catalog: Path, folder: Path, bundle: str) -> object:
    raise AssertionError(f"clicks are of the shop's own catalogue, not of {catalog}")
