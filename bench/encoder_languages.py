"""Dense recall of an encoder within and across languages, on the sample shop in five languages.

    python -m bench.encoder_languages --model data/models/multilingual-e5-small

A figure is for the queries of one language and the products of one. It is the share of the good
products (grade 2 and above) among the first 10 by vector, of the most that can be there, as a mean
over the queries. Queries with a brand are asked in their own language alone, because each shop has
its own brands.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample.folder import SEED
from sample.languages.judging import grade, picked_queries
from sample.languages.product import Made, catalog
from sample.languages.reading import LANGUAGES
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.opening import open_encoder
from shared.product_text import product_text

_PLACES = 10
_GOOD = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shop:
    """The products of a language, and their vectors."""

    products: Sequence[Made]
    vectors: Floats  # (products, dim)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="folder or hub name; none: the default encoder")
    parser.add_argument("--engine", default="onnxruntime-fp32", help="of the queries")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    encoder = open_encoder(EmbeddingConfig(model=arguments.model, engine=arguments.engine))
    assert isinstance(encoder, TextEncoder)
    shops = {language: _shop(encoder, language, arguments.seed) for language in LANGUAGES}
    print(f"{encoder.identity.name}: recall@{_PLACES}, a row for each language of the queries")
    print("".join(f"{title:>7}" for title in ("", *LANGUAGES, "across")))
    for language in LANGUAGES:
        found = [_recall(encoder, language, shop, arguments.seed) for shop in shops.items()]
        own = found.pop(LANGUAGES.index(language))
        across = np.mean(found)
        found.insert(LANGUAGES.index(language), own)
        print(f"{language:>7}" + "".join(f"{each:7.3f}" for each in (*found, across)))


def _shop(encoder: TextEncoder, language: str, seed: int) -> Shop:
    products = catalog(language, seed)
    return Shop(products, encoder.encode_products([_text(each) for each in products])[0])


def _text(made: Made) -> str:
    row = made.row
    return product_text(row["title"], row["brands"], row["categories"], row["description"])


def _recall(encoder: TextEncoder, language: str, named: tuple[str, Shop], seed: int) -> float:
    """The mean recall of a language's queries in a shop."""
    spoken, shop = named
    found = []
    for asked in picked_queries(language, seed):
        if spoken != language and asked.wanted.brand:
            continue
        good = np.array([grade(asked.wanted, made) >= _GOOD for made in shop.products])
        if good.any():
            scores = shop.vectors @ encoder.encode_queries([asked.text])[0].vector
            first = np.argsort(-scores, kind="stable")[:_PLACES]
            found.append(good[first].sum() / min(_PLACES, good.sum()))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
