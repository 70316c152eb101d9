"""The commands with read-only folders, ports in use, closed pipes and Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.standalone_process import standalone_process
from shared.artifacts import current
from tests.e2e.copied_bundles import SAME_HEADS, copied_bundles

AISLE = [sys.executable, "-m", "cli.app"]


@pytest.fixture
def read_only(indexed: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder on a file system that takes no writes.

    Needs root and a kernel that lets it mount.
    """
    shutil.copytree(indexed, tmp_path / "shop", ignore=shutil.ignore_patterns("log.sqlite*"))
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount")
    copied_bundles(tmp_path / "shop")
    bind = ["mount", "--bind", str(tmp_path / "shop"), str(folder)]
    if subprocess.run(bind, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def _told_in_one_line(finished: subprocess.CompletedProcess[str], *words: str) -> None:
    assert finished.returncode == 1
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    assert all(word in finished.stderr for word in words), finished.stderr


def test_a_folder_that_cannot_be_written_to_is_named(
    aisle: Any,
    catalog: Path,
    read_only: Path,
) -> None:
    for command in (("index", catalog), ("serve", "--port", 0)):
        _told_in_one_line(aisle(*command, "--data", read_only), str(read_only), "Read-only", "another place")
    promoted = aisle("models", "promote", SAME_HEADS, "--force", "--data", read_only)
    assert promoted.returncode == 1
    forced, refused = promoted.stderr.strip().splitlines()
    assert "by force" in forced
    assert all(word in refused for word in (str(read_only), "Read-only", "another place"))


def test_a_port_in_use_and_a_folder_in_use_are_named_with_what_to_do(
    aisle: Any, address: str, indexed: Path, tmp_path: Path
) -> None:
    shutil.copytree(indexed / "snapshots", tmp_path / "shop" / "snapshots")
    port = address.rpartition(":")[2]
    taken = aisle("serve", "--data", tmp_path / "shop", "--port", port)
    assert taken.returncode == 1
    assert (
        f"port {port}" in taken.stderr
        and "take another port" in taken.stderr
        and "Traceback" not in taken.stderr
    )
    _told_in_one_line(
        aisle("serve", "--data", indexed, "--port", 0),
        "log.sqlite is in use by process",
        "another data",
    )


def test_a_catalogue_may_come_from_a_pipe(catalog: Path, tmp_path: Path) -> None:
    command = [*AISLE, "index", "/dev/stdin", "--data", str(tmp_path / "shop"), "--json"]
    finished = subprocess.run(
        command, input=catalog.read_bytes(), capture_output=True, timeout=240, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["products"] == 150


def test_a_report_is_one_that_any_program_can_read_whatever_was_in_the_file(
    aisle: Any, tmp_path: Path
) -> None:
    path = tmp_path / "catalog.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "p1", "title": "Théière 🫖"},
        {"id": "p2", "title": "x", "attributes": {"a\ud800": 1}},
        {"id": "p\n3", "title": "x"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    finished = aisle("index", path, "--data", tmp_path / "data", "--json")
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert [one["field"] for one in report["rejections"]] == ["product_id"]
    # Only the field is dropped
    assert [one["field"] for one in report["warnings"]] == [r"attributes.a\ud800"]
    assert finished.stdout.isascii()


def test_who_reads_the_output_may_stop_reading(aisle: Any, address: str) -> None:
    command = [*AISLE, "search", "", "--page-size", "200", "--address", address, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def _accept_ctrl_c() -> None:
    """Undo that a shell lets its background jobs, which tests may be, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_while_indexing_ends_at_once_and_leaves_no_remains(indexed: Path, tmp_path: Path) -> None:
    data = tmp_path / "shop"
    catalog = tmp_path / "catalog.jsonl"
    shutil.copytree(indexed / "snapshots", data / "snapshots")
    before = current(data / "snapshots")
    catalog.write_text(
        "\n".join(json.dumps({"id": f"n{n}", "title": f"Lantern {n} " * 20}) for n in range(5_000))
    )
    command = [*AISLE, "index", str(catalog), "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=_accept_ctrl_c) as process:
        assert process.stderr is not None
        ends = time.monotonic() + 60
        while not any((data / "snapshots").glob(".tmp-*")) and time.monotonic() < ends:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        told = process.stderr.read()
        assert process.wait(60) == 130
    assert time.monotonic() - asked < 3
    assert b"Traceback" not in told
    assert current(data / "snapshots") == before
    assert [path.name for path in (data / "snapshots").iterdir() if path.name.startswith(".")] == [".lock"]


def test_ctrl_c_ends_the_engine_with_success(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed / "snapshots", tmp_path / "shop" / "snapshots")
    with standalone_process(tmp_path / "shop") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
