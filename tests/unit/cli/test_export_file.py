"""Where `aisle export` writes to."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from cli.commands.export import _written
from shared.errors import InvalidRequest
from shared.unpacking import unpacked


def _write(file: Path | None) -> None:
    with _written(file) as lines:
        lines.write("Käse\n")


def test_a_file_is_complete_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyError), _written(tmp_path / "all.jsonl") as lines:
        lines.write("{}")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz", "all.jsonl.zst"])
def test_the_name_of_a_file_says_how_it_is_compressed(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name)
    magic = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}.get(Path(name).suffix, "Käse".encode())
    assert (tmp_path / name).read_bytes().startswith(magic)
    with unpacked(tmp_path / name) as opened:
        assert opened.stream.read() == "Käse\n".encode()


def test_a_pipe_is_written_into_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    read = []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    _write(pipe)
    reader.join(10)
    assert pipe.is_fifo() and read == ["Käse\n"]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "all.jsonl")
    _write(tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink() and (tmp_path / "all.jsonl").read_text(
        encoding="utf-8"
    ) == "Käse\n"


def test_an_open_file_named_as_a_device_is_added_to(tmp_path: Path) -> None:
    with (tmp_path / "all.jsonl").open("w") as opened:
        opened.write("before\n")
        opened.flush()
        _write(Path(f"/proc/self/fd/{opened.fileno()}"))
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8") == "before\nKäse\n"


def test_standard_output_is_utf_8_whatever_the_terminal_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, "ascii", errors="replace"))
    _write(None)
    sys.stdout.flush()
    assert kept.getvalue() == "Käse\n".encode()


@pytest.mark.parametrize(("name", "reason"), [("", "is a folder"), ("no/all.jsonl", "there is no folder")])
def test_a_place_where_no_file_can_be_is_named(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        _write(tmp_path / name)
