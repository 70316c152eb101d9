"""A merchant's writes, call by call, and the expected result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from aisle.v1.catalog_pb2 import Price, Product
from tests.load import Promised


@dataclass(frozen=True)
class Call:
    """Products to upsert, or ids to remove."""

    changed: tuple[Product, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def write_count(self) -> int:
        return len(self.changed) + len(self.removed)


@dataclass(frozen=True)
class Mix:
    """How much is written."""

    upserts: int
    removals: int
    new_texts: float  # share of the upserts that have one, which the encoder must see
    batch: int  # writes a call


def calls_of(products: Sequence[Product], mix: Mix, seed: int = 7) -> list[Call]:
    """Removals and upserts, in calls of their own and in any order.

    Products take turns, so that two concurrent calls never write the same one. A removed product
    comes back with its next turn.
    """
    random = Random(seed)
    turns = cycle(random.sample(products, len(products)))
    kinds = [True] * (mix.removals // mix.batch) + [False] * (mix.upserts // mix.batch)
    random.shuffle(kinds)
    calls = []
    for removes in kinds:
        several = tuple(islice(turns, mix.batch))
        if removes:
            calls.append(Call(removed=tuple(product.product_id for product in several)))
        else:
            calls.append(Call(changed=tuple(_changed(product, mix.new_texts, random) for product in several)))
    return calls


def _changed(product: Product, new_texts: float, random: Random) -> Product:
    """The product with another price, and sometimes another text.

    It is a whole product, because it may have been removed before.
    """
    changed = Product()
    changed.CopyFrom(product)
    if random.random() < new_texts:
        changed.title = f"{product.title} number {random.randrange(10**6)}"
    changed.price.CopyFrom(Price(amount=random.randrange(1, 10**5) / 100))
    return changed


def promised_by(calls: Iterable[Call], log_position: int) -> Promised:
    """The expected products, once all calls are acknowledged."""
    promised = Promised(log_position=log_position)
    for call in calls:
        promised.products.update({product.product_id: product for product in call.changed})
        promised.products.update(dict.fromkeys(call.removed))
    return promised
