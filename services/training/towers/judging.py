"""Whether new towers find the wanted products better than the old ones, on whole rankings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.embedding.indexing.indexer import Indexer
from services.embedding.opening import open_encoder
from services.training.encoder_config import encoder_config
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_shop import JudgedShop
from shared.bootstrap import interval
from shared.catalog.product import Product
from shared.metrics import condensed, ndcg, recall, reciprocal_rank
from shared.models.bundle import Bundle
from shared.models.registry import DEFAULT
from shared.product_text import product_text_of

ALL = "all"
NEW = "never asked before"
DEPTH = 100
_ENGINE = "onnxruntime-fp32"  # an engine trial is not worth it for one job
_DRAWS = 2_000
_FIRST = 5

Values = dict[str, list[float]]  # by tier and measure, such as "fused mrr"; nan: undefined


@dataclass(frozen=True)
class Gain:
    """A measure of the new and the old towers, and the 95 % interval of the difference."""

    new: float
    old: float
    low: float
    high: float

    def report(self) -> dict[str, float]:
        """The form in bundle.json."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class TowerJudgement:
    """Gains by measure, for all queries and for those never asked before."""

    name: str
    queries: Mapping[str, int]
    gains: Mapping[str, Mapping[str, Gain]]

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        gains = {of: {name: gain.report() for name, gain in each.items()} for of, each in self.gains.items()}
        return {"name": self.name, "queries": dict(self.queries), "gains": gains}


def measured_values(shop: JudgedShop, queries: Sequence[JudgedQuery]) -> Values:
    """The measures of each query. Each distinct text is searched once."""
    orders: dict[str, dict[str, list[str]]] = {}
    found: Values = {}
    for judged in queries:
        if judged.text not in orders:
            orders[judged.text] = shop.orders(judged.text)
        for tier, order in orders[judged.text].items():
            for name, value in _measures(order[:DEPTH], judged).items():
                found.setdefault(f"{tier} {name}", []).append(np.nan if value is None else value)
    return found


def _measures(order: Sequence[str], judged: JudgedQuery) -> dict[str, float | None]:
    grades = judged.grades
    rank = reciprocal_rank(order, grades)
    return {
        "ndcg@10": ndcg(order, grades),
        "condensed": ndcg(condensed(order, grades), grades),
        "mrr": rank,
        "hit@5": None if rank is None else float(rank >= 1 / _FIRST),
        "recall@100": recall(order, grades, DEPTH),
    }


def judgement(
    name: str, new: Values, old: Values, queries: Sequence[JudgedQuery], seen: Collection[str]
) -> TowerJudgement:
    """Compare values of the same queries; `seen` has the texts that were used for training."""
    fresh = np.array([judged.text not in seen for judged in queries], np.bool_)
    chosen = {ALL: np.ones(len(queries), np.bool_), NEW: fresh}
    gains = {of: _gains(new, old, mask) for of, mask in chosen.items() if mask.any()}
    return TowerJudgement(name, {of: int(mask.sum()) for of, mask in chosen.items()}, gains)


def _gains(new: Values, old: Values, mask: NDArray[np.bool_]) -> dict[str, Gain]:
    found = {}
    for name in new:
        pairs = np.array([new[name], old[name]])[:, mask]
        defined = pairs[:, ~np.isnan(pairs).any(axis=0)]
        if defined.size:
            found[name] = _gain(*defined)
    return found


def _gain(new: NDArray[np.float64], old: NDArray[np.float64]) -> Gain:
    """The interval is from a paired bootstrap over queries."""
    return Gain(float(new.mean()), float(old.mean()), *interval(new - old, _DRAWS))


def judge_towers(  # noqa: PLR0913 - two bundles and the data to compare them on
    data: Path,
    name: str,
    bundles: Mapping[str, Bundle],
    products: Sequence[Product],
    queries: Sequence[JudgedQuery],
    seen: Collection[str],
) -> TowerJudgement:
    """Compare `bundles["new"]` with `bundles["old"]`; each encodes the products by itself."""
    (data / "workshop").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=data / "workshop", prefix="towers-") as folder:
        values = {
            each: measured_values(opened_with(Path(folder) / each, bundle, products), queries)
            for each, bundle in bundles.items()
        }
    return judgement(name, values["new"], values["old"], queries, seen)


def opened_with(folder: Path, bundle: Bundle, products: Sequence[Product]) -> JudgedShop:
    """A shop of these products in a new folder, encoded and ranked with a bundle."""
    (folder / "bundles").mkdir(parents=True)
    if bundle.folder != DEFAULT:  # every data folder has the default bundle
        link = folder / "bundles" / bundle.version
        link.symlink_to(bundle.folder.resolve(), target_is_directory=True)
    config = encoder_config(folder, bundle.version)
    encoder = open_encoder(replace(config, engine=_ENGINE, product_engine=_ENGINE))
    Indexer(folder, encoder, asdict(encoder.identity), product_text_of).run(products)
    return JudgedShop.open(folder, bundle.version)


def sampled_products(shop: JudgedShop, wanted: Sequence[str], most: int) -> list[Product]:
    """All products; of more than `most`, the wanted ones and a random sample of the others."""
    products = shop.snapshot.products
    rows = np.arange(len(products))
    if len(rows) > most:
        needed = [row for row in shop.rows(list(dict.fromkeys(wanted))) if row is not None]
        others = np.setdiff1d(rows, needed)
        chosen = np.random.default_rng(0).permutation(others)[: max(0, most - len(needed))]
        rows = np.concatenate([needed, chosen]).astype(np.int64)
    return [products.product(row) for row in np.sort(rows).tolist()]
