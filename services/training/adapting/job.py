"""Adapts the block and the ranker to DATA's catalogue, and publishes them as a new bundle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.reranker.features import FEATURES
from services.reranker.ranker import Ranker
from services.reranker.service import product_texts
from services.reranker.training.lambdamart import write_description
from services.reranker.training.manifest import write_manifest
from services.training.adapting.adapted_report import Adapted
from services.training.adapting.grading import GradedQuery, Grader, grades_of
from services.training.adapting.held_out import Fitted, HeldOut, Measured, Prior, fitted_weights, with_block
from services.training.adapting.pseudo_queries import PseudoQuery, make_pseudo_queries
from services.training.adapting.score_store import ScoreStore
from services.training.adapting.teacher import Teacher, teacher_folder
from services.training.bundle_quality import ADAPTING, of_other_rankers
from services.training.judged_shop import JudgedShop
from shared.artifacts import new_version
from shared.errors import InvalidRequest
from shared.models.bundle import BLOCK, RANKER_FILES, Bundle, copy_models
from shared.models.packaged import TEACHER
from shared.snapshot.generation import new_version_name

_SCORES = Path("workshop") / "adapt" / "scores.sqlite"
_GRADING_SHARE = 0.75  # of the minutes; the rest is for training
_HELD_OUT = 6  # 1 in 6 queries chooses among blocks and weights, and another judges the bundle
_MOST_HELD_OUT = 300  # of each; later queries teach
_TEACHING = 2  # the part that is not held out; 0 chooses, 1 judges
_REPORTED = 250  # queries between two lines of progress

Advance = Callable[[int], None]
Report = Callable[[str], None]


@dataclass(frozen=True)
class AdaptOptions:
    """Options of the job."""

    teachers: Sequence[str] = (TEACHER,)  # folders, or names of models that were fetched
    minutes: float = 30.0
    queries: int = 6_000
    epochs: int = 3
    least_queries: int = 40  # that judge the bundle
    seed: int = 0


@dataclass(frozen=True)
class _Lessons:
    """Graded pseudo-queries in three parts."""

    teaching: list[GradedQuery] = field(default_factory=list)
    choosing: list[GradedQuery] = field(default_factory=list)
    judging: list[GradedQuery] = field(default_factory=list)

    @classmethod
    def split(cls, graded: Sequence[GradedQuery]) -> _Lessons:
        parts = cls()
        for place, query in enumerate(graded):
            (parts.choosing, parts.judging, parts.teaching)[_part(place)].append(query)
        return parts


def _part(place: int) -> int:
    if place >= _HELD_OUT * _MOST_HELD_OUT:
        return _TEACHING
    return min(place % _HELD_OUT, _TEACHING)


def adapt_job(
    data: Path, base: Bundle, options: AdaptOptions, advance: Advance, report: Report
) -> dict[str, Any]:
    """Publish the models of `base` with a block and ranker weights for DATA's catalogue.

    It is not in use yet. `advance` gets 1 after each pseudo-query. Scores of the teachers are kept in
    DATA/workshop/adapt, so that the next run, or one after a kill, goes on from them. Raises
    InvalidRequest if DATA has too few products or the minutes are too few.
    """
    shop = JudgedShop.open(data, base.version)
    if shop.reranker is None:
        raise InvalidRequest(
            "bundle", f"{base.version} does not fit DATA's products; choose one with --bundle"
        )
    due = time.monotonic() + 60 * options.minutes * _GRADING_SHARE
    products = shop.snapshot.products
    made = make_pseudo_queries(
        [products.product(row) for row in range(len(products))], options.queries, options.seed
    )
    with closing(ScoreStore(data / _SCORES)) as store:
        teachers = [Teacher.open(teacher_folder(data, name), store) for name in options.teachers]
        grader = Grader(shop, teachers, product_texts(products), options.seed)
        graded, tried = _graded(grader, made, due, advance, report)
    lessons = _Lessons.split(graded)
    report(f"{tried} queries tried, {len(graded)} graded; {len(lessons.teaching)} of them teach")
    if len(lessons.judging) < options.least_queries:
        reason = f"allowed only {tried} queries, of which {len(graded)} could be graded"
        remedy = f"{options.least_queries * _HELD_OUT} are needed; run it again, which goes on from there"
        raise InvalidRequest("--minutes", f"{reason}; {remedy}")
    return _publish(data, base, shop, lessons, options, report)


def _graded(
    grader: Grader, made: Sequence[PseudoQuery], due: float, advance: Advance, report: Report
) -> tuple[list[GradedQuery], int]:
    """The queries that could be graded in time, and how many were tried."""
    kept: list[GradedQuery] = []
    for place, query in enumerate(made):
        if time.monotonic() > due:
            return kept, place
        measures = _part(len(kept)) != _TEACHING
        if (graded := grader.graded(query, measures)) is not None:
            kept.append(graded)
        advance(1)
        if place % _REPORTED == _REPORTED - 1:
            report(f"{place + 1} of {len(made)} queries are graded")
    return kept, len(made)


def _publish(  # noqa: PLR0913 - the parts of a bundle
    data: Path, base: Bundle, shop: JudgedShop, lessons: _Lessons, options: AdaptOptions, report: Report
) -> dict[str, Any]:
    version = new_version_name()
    with new_version(data / "bundles", version) as folder:
        copy_models(base, folder, without=(BLOCK, *RANKER_FILES))
        fitted = _best_block(folder / BLOCK, shop, lessons, options, report)
        write_description(folder, fitted.prior)
        judging = grades_of(lessons.judging)
        after = HeldOut.read(with_block(shop, folder / BLOCK), lessons.judging, judging)
        before = HeldOut.read(shop, lessons.judging, judging).by_ranker(shop)
        adapted = Adapted(base.version, before, after.by_prior(fitted.prior))
        metrics = {
            **of_other_rankers(base.metrics),
            "quality": adapted.quality.report(),
            ADAPTING: adapted.report(),
        }
        training = {**base.training, ADAPTING: _known(fitted, lessons, options)}
        name = f"queries made from the products of {data.resolve().name}"
        names = list(dict.fromkeys([*base.trained_on, name]))
        write_manifest(folder, version, names, metrics, training, encoder=base.encoder)
    return {"bundle_version": version, **training[ADAPTING], **metrics[ADAPTING]}


def _known(fitted: Fitted, lessons: _Lessons, options: AdaptOptions) -> dict[str, Any]:
    weights = {name: fitted.prior.get(name, 0.0) for name in ("maxsim_z", "block_z")}
    return {
        "teachers": [Path(name).name for name in options.teachers],
        "taught_by": len(lessons.teaching),
        "chosen_on": len(lessons.choosing),
        "seed": options.seed,
        **weights,
    }


def _best_block(
    path: Path, shop: JudgedShop, lessons: _Lessons, options: AdaptOptions, report: Report
) -> Fitted:
    """Train a block, and write the state of it to PATH that does best with the weights that suit it."""
    from services.training.adapting.block_states import block_states  # torch, which takes seconds to load

    assert shop.reranker is not None
    grades = grades_of(lessons.choosing)
    before = HeldOut.read(shop, lessons.choosing, grades).by_ranker(shop)
    best: Fitted | None = None
    teaching = [query.lesson() for query in lessons.teaching]
    with TemporaryDirectory(dir=path.parent, prefix=".block-") as name:
        folder = Path(name)
        for place, state in enumerate(block_states(teaching, shop, folder, options.epochs, options.seed)):
            held_out = HeldOut.read(with_block(shop, state), lessons.choosing, grades)
            fitted = fitted_weights(held_out, _prior_of(shop.reranker.ranker), before)
            report(f"block after {place + 1} of {options.epochs} epochs: {_shown(fitted, before)}")
            if best is None or fitted.gain > best.gain:
                best = fitted
                state.replace(path)
    assert best is not None
    return best


def _shown(fitted: Fitted, before: Measured) -> str:
    if math.isinf(fitted.gain):
        return "the products that queries were made from fall with each weight"
    ndcg, origin = before.summary
    changes = f"nDCG@10 {ndcg:.4f} -> {fitted.ndcg:.4f}, origin {origin:.4f} -> {fitted.origin:.4f}"
    return f"{changes}, weight {fitted.prior['block_z']}"


def _prior_of(ranker: Ranker) -> Prior:
    """The prior of a ranker by feature. Its trees are left out: they were trained with another block."""
    return {name: float(weight) for name, weight in zip(FEATURES, ranker.prior, strict=True) if weight}
