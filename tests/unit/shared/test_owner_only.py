"""Aisle's files can be read by their owner only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import owner_only
from shared.events.log import USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def shell() -> Iterator[None]:
    """A shell's usual umask, restored afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


async def test_a_log_is_for_its_owner_only_whatever_the_shell_says(tmp_path: Path, shell: None) -> None:
    path = tmp_path / "shop" / "deep" / "log.sqlite"
    log = SqliteEventLog(path)
    await log.append(USER_EVENTS, [NewRecord("v", b"event", "e1")])
    modes = {each.name: mode(each) for each in path.parent.iterdir() if each.name != "log.sqlite.lock"}
    await log.close()
    assert modes == {"log.sqlite": 0o600, "log.sqlite-wal": 0o600, "log.sqlite-shm": 0o600}
    assert mode(path.parent) == mode(tmp_path / "shop") == 0o700


async def test_a_log_of_an_earlier_version_is_closed_to_others_and_kept(tmp_path: Path, shell: None) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteEventLog(path)
    await log.append(USER_EVENTS, [NewRecord("v", b"event", "e1")])
    await log.close()
    path.chmod(0o644)
    again = SqliteEventLog(path)
    assert mode(path) == 0o600
    assert await again.end_offset(USER_EVENTS) == 1
    await again.close()


def test_after_begin_whatever_is_made_is_for_the_owner(tmp_path: Path, shell: None) -> None:
    owner_only.begin()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("")
    assert (mode(tmp_path / "folder"), mode(tmp_path / "folder" / "file")) == (0o700, 0o600)


def test_a_data_folder_is_closed_and_any_other_folder_is_left_alone(tmp_path: Path, shell: None) -> None:
    data = tmp_path / "data"
    other = tmp_path / "other"
    (data / "snapshots").mkdir(parents=True)
    other.mkdir()
    owner_only.data_folder(data)
    owner_only.data_folder(other)
    assert (mode(data), mode(other)) == (0o700, 0o755)


def test_neither_a_symlink_nor_a_sticky_folder_is_closed(tmp_path: Path, shell: None) -> None:
    for_all = tmp_path / "tmp"
    for_all.mkdir()
    for_all.chmod(0o1777)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    owner_only.close_to_others(for_all)
    owner_only.close_to_others(tmp_path / "link")
    assert (mode(for_all), mode(tmp_path / "file")) == (0o1777, 0o644)
