"""Kill -9 of the server, and of `aisle index` beside it, while bundles are promoted.

Acknowledged writes stay.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Price,
    Product,
    UpsertProductsRequest,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventProduct, EventStatus, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.standalone_process import standalone_process
from tests.e2e.copied_bundles import NEVER_PROMOTED, copied_bundles

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "4"))
# Products that the file has too, and products of the test's own
IN_FILE = 20
NEW = 20
GONE = "gone"
_CALL_SECONDS = 20


@dataclass
class Written:
    """The possible titles of one product, and the time and log position of its last acknowledgement."""

    # The last acknowledged one first, then those of calls without an answer
    possible: list[str] = field(default_factory=lambda: [GONE])
    at: float = 0.0
    position: int = 0


@dataclass
class Shop:
    """Writes to a server that may die at any time, and remembers what it promised."""

    data: Path
    catalog: Path
    rng: random.Random
    file_titles: dict[str, str]
    products: dict[str, Written] = field(default_factory=lambda: defaultdict(Written))
    events: list[str] = field(default_factory=list)
    bundles: set[str] = field(default_factory=set)  # that ranked a page
    file_position: int = 0  # log position that the file followed when it was last indexed
    killed_at: float = 0.0  # when `aisle index` was last killed: its file may be indexed or not

    def work(self, channel: grpc.Channel) -> None:
        """Make one random call, acknowledged or not."""
        things = (self._upsert, self._upsert, self._change_price, self._delete, self._click, self._search)
        with suppress(grpc.RpcError):  # the server died: the write may be applied or not
            self.rng.choice(things)(channel)

    def _ask(self, product_id: str, value: str) -> None:
        self.products[product_id].possible.append(value)

    def _acknowledged(self, product_id: str, value: str, position: int) -> None:
        self.products[product_id] = Written([value], time.time(), position)

    def _any_id(self) -> str:
        return self.rng.choice([*self.file_titles, *(f"new-{number}" for number in range(NEW))])

    def _upsert(self, channel: grpc.Channel) -> None:
        product_id = self._any_id()
        title = f"Zephyrine lantern {self.rng.getrandbits(40)}"
        self._ask(product_id, title)
        request = UpsertProductsRequest(product=Product(product_id=product_id, title=title))
        answer = CatalogServiceStub(channel).UpsertProducts(iter([request]), timeout=_CALL_SECONDS)
        assert answer.accepted_count == 1
        self._acknowledged(product_id, title, answer.log_position)

    def _change_price(self, channel: grpc.Channel) -> None:
        """Write a single field. The title stays, and a removed product rejects the write."""
        product = Product(product_id=self._any_id(), price=Price(amount=self.rng.randrange(1, 100)))
        request = UpsertProductsRequest(product=product, update_mask=FieldMask(paths=["price"]))
        CatalogServiceStub(channel).UpsertProducts(iter([request]), timeout=_CALL_SECONDS)

    def _delete(self, channel: grpc.Channel) -> None:
        product_id = self._any_id()
        self._ask(product_id, GONE)
        request = DeleteProductsRequest(product_ids=[product_id])
        answer = CatalogServiceStub(channel).DeleteProducts(request, timeout=_CALL_SECONDS)
        self._acknowledged(product_id, GONE, answer.log_position)

    def _click(self, channel: grpc.Channel) -> None:
        event_id = f"e{self.rng.getrandbits(60)}"
        acks = EventServiceStub(channel).RecordEvents(events_of([event_id]), timeout=_CALL_SECONDS).acks
        assert acks[0].status == EventStatus.EVENT_STATUS_ACCEPTED
        self.events.append(event_id)

    def _search(self, channel: grpc.Channel) -> None:
        page = SearchServiceStub(channel).Search(SearchRequest(query="lantern"), timeout=_CALL_SECONDS)
        self.bundles |= {page.served_by.bundle_version} - {""}

    def allowed(self, product_id: str) -> set[str]:
        """The titles that may be shown.

        These are the last acknowledged one, later ones, and the file's if that was indexed since.
        """
        written = self.products[product_id]
        indexed_since = self.file_position >= written.position or self.killed_at > written.at
        in_file = product_id in self.file_titles and indexed_since
        from_file = {self.file_titles[product_id]} if in_file else set()
        return {*written.possible, *from_file}


def events_of(event_ids: list[str]) -> RecordEventsRequest:
    products = [EventProduct(product_id="new-1")]
    return RecordEventsRequest(
        events=[
            UserEvent(event_id=each, action="click", visitor_id="v", products=products) for each in event_ids
        ]
    )


def aisle_process(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cli.app", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextmanager
def beside(shop: Shop, names: list[str]) -> Iterator[None]:
    """Index the file and promote a bundle again and again; some of these commands are killed, too."""
    ended = threading.Event()
    rng = random.Random(5)

    def index() -> None:
        while not ended.is_set():
            process = aisle_process("index", shop.catalog, "--data", shop.data, "--json")
            report = _end(process, 1 + 3 * rng.random() if rng.random() < 0.3 else 600)
            if report:
                shop.file_position = json.loads(report)["log_position"]
            else:
                shop.killed_at = time.time()

    def promote() -> None:
        while not ended.wait(2 * rng.random()):
            name = rng.choice(names)
            _end(aisle_process("models", "promote", name, "--force", "--data", shop.data), 600)

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(work) for work in (index, promote)]
        try:
            yield
        finally:
            ended.set()
            for each in running:
                each.result()


def _end(process: subprocess.Popen[bytes], kill_after_seconds: float) -> str:
    """The output of a command, which must succeed unless it is killed. Empty if it is."""
    try:
        printed, errors = process.communicate(timeout=kill_after_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return ""
    assert process.returncode == 0, errors.decode()
    return printed.decode()


@pytest.fixture
def shop(indexed: Path, rows: list[dict[str, Any]], tmp_path: Path) -> Shop:
    data = tmp_path / "shop"
    shutil.copytree(indexed / "snapshots", data / "snapshots")
    catalog = tmp_path / "file.jsonl"
    alone = [row for row in rows if "primary_product_id" not in row][:IN_FILE]
    catalog.write_text("".join(json.dumps(row) + "\n" for row in alone))
    titles = {str(row["product_id"]): str(row["title"]) for row in alone}
    made = Shop(data, catalog, random.Random(11), titles)
    for product_id, title in titles.items():
        made.products[product_id] = Written([title])
    return made


@pytest.mark.timeout(180 + 60 * KILLS)
def test_kills_beside_indexing_and_promotions_lose_nothing(shop: Shop) -> None:
    names = copied_bundles(shop.data)
    with beside(shop, names):
        for _ in range(KILLS):
            with (
                standalone_process(shop.data) as (process, address),
                grpc.insecure_channel(address) as channel,
            ):
                dies_at = time.monotonic() + 4 * shop.rng.random()
                killer = threading.Timer(dies_at - time.monotonic(), process.kill)
                killer.start()
                while process.poll() is None:
                    shop.work(channel)
    with standalone_process(shop.data) as (_, address), grpc.insecure_channel(address) as channel:
        last = UpsertProductsRequest(product=Product(product_id="last", title="The last lantern"))
        position = CatalogServiceStub(channel).UpsertProducts(iter([last])).log_position
        catalog = CatalogServiceStub(channel)
        waiting = GetProductRequest(product_id="last", wait_for_visible=position)
        catalog.GetProduct(waiting, timeout=60)
        lost = {each: (shown(catalog, each), shop.allowed(each)) for each in shop.products}
        assert {each: found for each, found in lost.items() if found[0] not in found[1]} == {}
        for start in range(0, len(shop.events), 1_000):
            again = events_of(shop.events[start : start + 1_000])
            acks = EventServiceStub(channel).RecordEvents(again, timeout=60).acks
            assert {ack.status for ack in acks} == {EventStatus.EVENT_STATUS_DUPLICATE}
        shop.work(channel)
    assert shop.bundles and NEVER_PROMOTED not in shop.bundles


def shown(catalog: CatalogServiceStub, product_id: str) -> str:
    try:
        return catalog.GetProduct(GetProductRequest(product_id=product_id), timeout=60).product.title
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.NOT_FOUND, error
        return GONE
