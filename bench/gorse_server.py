"""A server of Gorse 0.4 (Apache 2.0), in one process with SQLite."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.free_port import free_port

_BATCH = 1_000
_START_SECONDS = 60
_FITTED = "complete ranking recommendation"  # in its log, once all users have recommendations
_CONFIG = """
[database]
cache_store = "sqlite://{folder}/cache.db"
data_store = "sqlite://{folder}/data.db"
[master]
port = {port}
host = "127.0.0.1"
http_port = {http_port}
http_host = "127.0.0.1"
n_jobs = 1
[server]
default_n = 10
[recommend]
cache_size = 100
[recommend.data_source]
positive_feedback_types = ["purchase"]
[recommend.replacement]
enable_replacement = {replaces}
positive_replacement_decay = 0.8
read_replacement_decay = 0.6
[recommend.offline]
enable_latest_recommend = {latest}
enable_popular_recommend = {popular}
enable_item_based_recommend = {popular}
explore_recommend = {explore}
"""


@dataclass(frozen=True)
class GorseServer:
    """A running server. Times are seconds since 1970."""

    url: str
    log: Path

    def insert(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Insert users, items or feedback."""
        for start in range(0, len(rows), _BATCH):
            self.ask(f"/api/{kind}", rows[start : start + _BATCH])

    def recommended(self, user: str, count: int) -> list[str]:
        """What a user is recommended, best first."""
        return list(self.ask(f"/api/recommend/{quote(user)}?n={count}") or [])

    def near(self, item: str, count: int) -> list[str]:
        """The neighbours of an item, best first."""
        return [each["Id"] for each in self.ask(f"/api/item/{quote(item)}/neighbors?n={count}") or []]

    def wait_until_fitted(self, seconds: float) -> None:
        """Wait until every user has recommendations of the fitted models."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if _FITTED in self.log.read_text("utf-8", "replace"):
                return
            time.sleep(2)
        raise TimeoutError(f"Gorse is not done after {seconds:.0f} s; its log is {self.log}")

    def ask(self, path: str, content: Any = None) -> Any:
        """The answer to a request; with a content it is a POST."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}, method="POST" if body else "GET"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def gorse_server(program: Path, folder: Path, is_best: bool) -> Iterator[GorseServer]:
    """A server on the data in a folder: with the defaults of Gorse, or with what suits baskets best.

    That is all of its recommenders, products that were bought before, and no exploration. It fits
    its models to what it finds at its start.
    """
    folder.mkdir(exist_ok=True)
    port, http_port = free_port(), free_port()
    chosen = {
        "replaces": str(is_best).lower(),
        "latest": str(not is_best).lower(),
        "popular": str(is_best).lower(),
        "explore": "{ }" if is_best else "{ popular = 0.1, latest = 0.2 }",
    }
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder, port=port, http_port=http_port, **chosen))
    log = folder / "log.txt"
    log.unlink(missing_ok=True)
    arguments = ["-c", config, "--cache-path", folder / "one.data", "--log-path", log]
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen([program, *map(str, arguments)], stdout=out, stderr=out, cwd=folder)
    try:
        server = GorseServer(f"http://127.0.0.1:{http_port}", log)
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(server: GorseServer) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.ask("/api/dashboard/stats")
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return
