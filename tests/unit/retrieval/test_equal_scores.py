"""Of products that are equally relevant, those in stock come first."""

import numpy as np

from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot


def test_of_equals_the_one_in_stock_is_first(open_snapshot: OpenSnapshot) -> None:
    stock = ("out_of_stock", "in_stock", "out_of_stock", "in_stock")
    products = [Product(f"stool-{place}", "Oak stool", availability=each) for place, each in enumerate(stock)]
    products += [Product("best", "Oak oak oak stool stool", availability="out_of_stock")]
    vectors = np.tile(np.eye(8, dtype=np.float32)[:1], (len(products), 1))
    snapshot = open_snapshot(products, vectors)
    for tier in ("lexical", "dense", "fused"):
        answer = Retriever().retrieve(snapshot, Request("oak stool", vectors[0], tier=tier))
        stools = [each for each in snapshot.products.product_ids(answer.rows) if each != "best"]
        assert stools == ["stool-1", "stool-3", "stool-0", "stool-2"]
