import numpy as np

from aisle.v1.catalog_pb2 import Product
from services.reranker.service import product_texts

PRODUCTS = [
    Product(
        title="Red kettle",
        brands=["Alder"],
        categories=["Home > Kitchen"],
        description="Boils water.",
    ),
    Product(title="Lamp"),
]


class SerialisedProducts:
    def payload(self, row: int) -> bytes:
        return PRODUCTS[row].SerializeToString()


def test_a_cross_encoder_reads_what_the_encoder_reads() -> None:
    assert product_texts(SerialisedProducts())(np.array([1, 0])) == [
        "Lamp",
        "Alder Red kettle. Kitchen. Boils water.",
    ]
