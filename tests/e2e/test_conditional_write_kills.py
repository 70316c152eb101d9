"""Kill -9 of the server while writes come that apply only if they are newer.

What is shown is the newest acknowledged state of a product, or a newer one without an answer.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from aisle.v1.catalog_pb2 import (
    GetProductRequest,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from cli.standalone_process import standalone_process

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "4"))
WRITERS = 3
PRODUCT_IDS = ("old-lamp", "old-kettle", "old-chair")
LATEST = 1_000_000  # the times are drawn up to it, so half of the writes come too late
_CALL_SECONDS = 20


@dataclass
class States:
    """The times of one product's states, as they were sent, acknowledged and last shown."""

    sent: set[int] = field(default_factory=set)
    acknowledged: int = 0
    shown: int = 0


@dataclass
class Shop:
    """Writes to a server that may die at any time, and remembers what it promised."""

    known: dict[str, States] = field(default_factory=lambda: {each: States() for each in PRODUCT_IDS})
    lock: threading.Lock = field(default_factory=threading.Lock)
    position: int = 0
    acknowledged_count: int = 0
    late_count: int = 0  # writes that were acknowledged and not applied

    def write(self, channel: grpc.Channel, product_id: str, at: int, whole: bool = True) -> None:
        """Write the product's state of a time, whole or its title alone."""
        with self.lock:
            self.known[product_id].sent.add(at)
        answer = upserted(channel, product_id, at, whole)
        with self.lock:
            known = self.known[product_id]
            known.acknowledged = max(known.acknowledged, at)
            self.position = max(self.position, answer.log_position)
            self.acknowledged_count += 1
            self.late_count += answer.not_applied_count

    def check(self, channel: grpc.Channel) -> None:
        """Nothing acknowledged is lost, nothing older has won, and a product is of one time."""
        for product_id, known in self.known.items():
            request = GetProductRequest(product_id=product_id, wait_for_visible=self.position)
            product = CatalogServiceStub(channel).GetProduct(request, timeout=_CALL_SECONDS).product
            shown = product.update_time.seconds
            assert product.title == title_of(product_id, shown) and shown in known.sent
            assert shown >= known.acknowledged and shown >= known.shown
            known.shown = shown


def title_of(product_id: str, at: int) -> str:
    return f"{product_id} as of {at}"


def upserted(channel: grpc.Channel, product_id: str, at: int, whole: bool = True) -> UpsertProductsResponse:
    product = Product(
        product_id=product_id, title=title_of(product_id, at), update_time=Timestamp(seconds=at)
    )
    mask = None if whole else FieldMask(paths=["title"])
    request = UpsertProductsRequest(product=product, update_mask=mask)
    response = CatalogServiceStub(channel).UpsertProducts(iter([request]), timeout=_CALL_SECONDS)
    assert response.accepted_count + response.not_applied_count == 1
    return response


@contextmanager
def writing(shop: Shop, channel: grpc.Channel, seed: int) -> Iterator[None]:
    """Several writers write until the block ends, or the server does."""
    ended = threading.Event()

    def write(number: int) -> None:
        rng = random.Random(WRITERS * seed + number)
        while not ended.is_set():
            at = rng.randrange(1, LATEST)
            try:
                shop.write(channel, rng.choice(PRODUCT_IDS), at, whole=rng.random() < 0.5)
            except grpc.RpcError:  # the server died: the write may be applied or not
                return

    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(write, number) for number in range(WRITERS)]
        try:
            yield
        finally:
            ended.set()
            for each in running:
                each.result()


def test_the_newest_acknowledged_write_wins_whatever_is_killed(indexed: Path, tmp_path: Path) -> None:
    data = tmp_path / "shop"
    shutil.copytree(indexed / "snapshots", data / "snapshots")
    shop = Shop()
    rng = random.Random(3)
    for round_ in range(KILLS):
        with standalone_process(data) as (process, address), grpc.insecure_channel(address) as channel:
            if round_ == 0:
                for product_id in PRODUCT_IDS:
                    shop.write(channel, product_id, 1)
            shop.check(channel)
            with writing(shop, channel, round_):
                time.sleep(0.3 + rng.random())
                process.kill()
                process.wait()
    with standalone_process(data) as (_, address), grpc.insecure_channel(address) as channel:
        shop.check(channel)
        for product_id, known in shop.known.items():
            assert upserted(channel, product_id, known.shown - 1).not_applied_count == 1
        shop.check(channel)
        for product_id in PRODUCT_IDS:
            shop.write(channel, product_id, LATEST)
        shop.check(channel)
    assert shop.acknowledged_count > 10 * KILLS and shop.late_count > KILLS
    assert {known.shown for known in shop.known.values()} == {LATEST}
