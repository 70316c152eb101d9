"""One round of learning: read the evidence, train, judge on later pages, and promote or refuse."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.feedback.join.tables import Tables
from services.reranker.ranker import Ranker
from services.reranker.training.lambdamart import TrainedRanker
from services.training.learning import examination
from services.training.learning.click_ranker import ClickSettings, train_click_ranker
from services.training.learning.gate import GateSettings, refusal
from services.training.learning.judging import Judgement, judge, page_weights
from services.training.learning.pages import Floats, Pages, read_pages
from services.training.learning.publishing import Learnt, publish_learnt, taught_until
from services.training.promotion import promote
from shared.models.bundle import Bundle
from shared.models.registry import Registry

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LearningSettings:
    """The evidence of a round, and the gate."""

    max_pages: int = 60_000  # newest pages with an open
    least_pages: int = 1_500  # with an open: fewer are too few to train and to judge
    judged_share: float = 0.15  # of the pages, the latest: they judge and do not train
    correct_positions: bool = True  # whether opens at later positions count more
    click: ClickSettings = field(default_factory=ClickSettings)
    gate: GateSettings = field(default_factory=GateSettings)


@dataclass(frozen=True)
class Round:
    """The result of a round."""

    pages: int  # with an open that counts
    refused: str  # why the ranker in use stays; empty: the new ranker is in use
    bundle_version: str = ""  # empty: there was too little evidence
    judgement: Judgement | None = None

    def report(self) -> dict[str, Any]:
        """For the log and the command line."""
        judged = self.judgement.report() if self.judgement else {}
        judged["judged_on_pages"] = judged.pop("pages", 0)
        return {"pages": self.pages, "bundle": self.bundle_version, "refused": self.refused, **judged}


def learn(data: Path, tables: Tables, days: Sequence[date], settings: LearningSettings) -> Round:
    """Train a ranker on the tables' days, and promote it if it passes the gate.

    The latest pages judge a ranker of the earlier ones. If it passes, it is trained again on all
    pages before it is promoted, since shoppers change.
    """
    pages = read_pages(tables, days, settings.max_pages)
    if len(pages) < settings.least_pages:
        needed = f"{settings.least_pages} pages with an open are needed"
        return Round(len(pages), f"too little evidence: {needed}, there are {len(pages)}")
    base = Registry.of(data).chosen()
    if base is None:
        return Round(len(pages), "no bundle is in use, so there is none to add a ranker to")
    later = _judging(pages, base, settings)
    return _learn(data, pages, later, base, settings)


def _learn(
    data: Path, pages: Pages, later: NDArray[np.bool_], base: Bundle, settings: LearningSettings
) -> Round:
    row_weights = _row_weights(pages, settings)
    trained, judgement = _judged(pages, later, row_weights, Ranker.open(base.folder), settings)
    refused = refusal(judgement, settings.gate)
    newest = pages.seconds[~later] if refused else pages.seconds
    if not refused:
        trained = train_click_ranker(pages, row_weights, settings.click)
    learnt = Learnt(trained, judgement, refused, _fingerprint(pages), base.version, float(newest.max()))
    version = publish_learnt(data, base, learnt)
    if not refused:
        promote(Registry.of(data), version)
    _LOG.info("ranker %s, trained on %d pages: %s", version, len(pages), refused or "in use")
    return Round(len(pages), refused, version, judgement)


def _judging(pages: Pages, base: Bundle, settings: LearningSettings) -> NDArray[np.bool_]:
    """(g,): the pages that judge: the latest ones, of which none taught the ranker in use.

    If that one knows some of the latest, only the newer half of the others judges. The older half
    teaches: without it, a new ranker would know no more than the one in use. All of the latest
    judge if the others are too few. The ranker in use knows some then, so it has an advantage.
    """
    places = np.arange(len(pages))
    latest: NDArray[np.bool_] = places >= round(len(pages) * (1 - settings.judged_share))
    unknown = int((latest & (pages.seconds > taught_until(base))).sum())
    if unknown < settings.gate.least_pages or unknown == latest.sum():
        return latest
    newer: NDArray[np.bool_] = places >= len(pages) - max(settings.gate.least_pages, unknown // 2)
    return newer


def _judged(
    pages: Pages, later: NDArray[np.bool_], row_weights: Floats, in_use: Ranker, settings: LearningSettings
) -> tuple[TrainedRanker, Judgement]:
    """A ranker of the pages before the later ones, compared with the one in use on these."""
    first = int(np.flatnonzero(later)[0])
    earlier = np.arange(len(pages)) < first
    rows = int(pages.sizes[:first].sum())
    trained = train_click_ranker(pages.at(earlier), row_weights[:rows], settings.click)
    weights = page_weights(pages.at(later), row_weights[rows:])
    new = Ranker.of_text(trained.prior, trained.trees)
    return trained, judge(new, in_use, pages.at(later), weights)


def _row_weights(pages: Pages, settings: LearningSettings) -> Floats:
    """(r,): the weight of an open in each row; rarely examined positions weigh more."""
    if not settings.correct_positions:
        return np.ones(len(pages.positions))
    keys = np.char.add(np.repeat(pages.queries, pages.sizes).astype(str), pages.products.astype(str))
    _, pairs = np.unique(keys, return_inverse=True)
    return examination.weights(examination.estimate(pairs, pages.positions, pages.opened), pages.positions)


def _fingerprint(pages: Pages) -> str:
    """A hash of the pages of the round. The same evidence has the same fingerprint."""
    digest = blake2b(digest_size=8)
    for column in (pages.queries, pages.seconds, pages.opened, pages.features):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
