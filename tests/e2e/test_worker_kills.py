"""Page workers and their first process are killed, held up, and asked to end."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.v1.events_pb2 import EventProduct, EventStatus, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest
from cli.standalone_process import running_engine
from tests.e2e.worker_shop import PATIENT_MS, WorkerShop, is_alive, until, worker_shop


@pytest.fixture
def data(sample_shop: Path, tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns("log.sqlite*", "features.sqlite*")
    return Path(shutil.copytree(sample_shop, tmp_path / "data", ignore=left_out))


@pytest.fixture
def shop(data: Path) -> Iterator[WorkerShop]:
    with worker_shop(data) as shop:
        yield shop


def _events(part: int) -> list[UserEvent]:
    products = [EventProduct(product_id="p")]
    names = (f"{part}-{number}" for number in range(20))
    return [UserEvent(event_id=name, action="view", visitor_id="v", products=products) for name in names]


def _statuses(shop: WorkerShop, part: int) -> set[int]:
    request = RecordEventsRequest(events=_events(part))
    return {ack.status for ack in EventServiceStub(shop.channel).RecordEvents(request, timeout=60).acks}


def test_kills_of_workers_cost_no_page_and_no_event(shop: WorkerShop) -> None:
    ended, lost, pages = threading.Event(), [], []

    def ask() -> None:
        while not ended.is_set():
            requests = [SearchRequest(query="lamp", deadline_ms=PATIENT_MS) for _ in range(8)]
            try:
                pages.extend(shop.at_once(requests))
            except Exception as error:
                lost.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    for part in range(3):
        before = shop.workers()
        os.kill(before[part % 2], signal.SIGKILL)
        assert _statuses(shop, part) == {EventStatus.EVENT_STATUS_ACCEPTED}
        shop.until_ready(besides=[before[part % 2]])
    ended.set()
    asking.join()
    assert not lost
    assert len({page.query_id for page in pages}) == len(pages) > 0
    assert {status for part in range(3) for status in _statuses(shop, part)} == {
        EventStatus.EVENT_STATUS_DUPLICATE
    }
    until(lambda: shop.status().counts["impressions.appended"] == shop.status().counts["pages"])


def test_a_later_page_whose_worker_was_killed_is_ranked_again(shop: WorkerShop) -> None:
    requests = [SearchRequest(query="lamp", deadline_ms=PATIENT_MS, page_size=5) for _ in range(8)]
    first = shop.at_once(requests)
    for pid in shop.workers():
        os.kill(pid, signal.SIGKILL)
    for page in first:
        asked = {"page_size": 5, "page_token": page.next_page_token}
        second = shop.page("lamp", **asked)
        assert len(second.results) == 5 and second.query_id == page.query_id
        assert not {each.product.product_id for each in page.results} & {
            each.product.product_id for each in second.results
        }


def test_a_worker_that_is_held_up_costs_no_page(shop: WorkerShop) -> None:
    held = shop.workers()[0]
    os.kill(held, signal.SIGSTOP)
    requests = [SearchRequest(query="lamp", deadline_ms=10_000) for _ in range(24)]
    assert all(page.results for page in shop.at_once(requests))
    until(lambda: len(shop.workers()) == 1)
    os.kill(held, signal.SIGCONT)
    shop.until_ready()


def test_the_kill_of_the_first_process_leaves_nothing_behind(data: Path) -> None:
    with worker_shop(data) as shop:
        workers = shop.workers()
        shop.process.kill()
        shop.process.wait()
        until(lambda: not any(map(is_alive, workers)))
    with running_engine(data):  # the folder is free again
        pass


def test_ctrl_c_ends_all_without_a_word(data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "cli.app",
        "serve",
        "--data",
        str(data),
        "--port",
        "0",
        "--workers",
        "2",
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout
        while "try" not in process.stdout.readline():
            pass
        until(lambda: len(_children(process.pid)) == 2)
        workers = _children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == ""
    until(lambda: not any(map(is_alive, workers)))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
