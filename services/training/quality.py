"""Measures bundles on queries that trained none of them, and their products alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from services.embedding.indexing.indexer import Indexer
from services.embedding.opening import open_encoder
from services.training.bundle_quality import Quality
from services.training.encoder_config import encoder_config
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_shop import JudgedShop
from shared.catalog.product import Product
from shared.product_text import product_text_of

MAX_QUERIES = 200
_ENGINE = "onnxruntime-fp32"  # an engine trial is not worth it for a few products


def measure(
    data: Path,
    version: str,
    bundles: Mapping[str, Path],
    products: Sequence[Product],
    queries: Sequence[JudgedQuery],
) -> Quality | None:
    """nDCG@10 of the bundle `version` and of the others in `bundles` (name: folder).

    Returns None if no query can compare them. Each bundle encodes the products by itself, under
    DATA/workshop, and orders them as for a page without a deadline.
    """
    (data / "workshop").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=data / "workshop", prefix="quality-") as name:
        found = {each: _values(Path(name) / each, each, bundles, products, queries) for each in bundles}
    values = {each: sum(measured) / len(measured) for each, measured in found.items() if measured}
    if version not in values:
        return None
    return Quality(values.pop(version), len(queries), values)


def _values(
    folder: Path,
    version: str,
    bundles: Mapping[str, Path],
    products: Sequence[Product],
    queries: Sequence[JudgedQuery],
) -> list[float]:
    """One bundle's nDCG@10 for each list of judged products with different grades."""
    (folder / "bundles").mkdir(parents=True)
    for name, source in bundles.items():
        (folder / "bundles" / name).symlink_to(source.resolve(), target_is_directory=True)
    encoder = open_encoder(replace(encoder_config(folder, version), engine=_ENGINE, product_engine=_ENGINE))
    Indexer(folder, encoder, asdict(encoder.identity), product_text_of).run(products)
    shop = JudgedShop.open(folder, version)
    return shop.qualities([group for judged in queries for group in shop.groups(judged) if group.has_order])
