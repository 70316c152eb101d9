from pathlib import Path

import pytest

from services.reranker.idle_core import IdleCore


@pytest.mark.parametrize(("wanting", "idle"), [(1, True), (2, True), (3, False), (12, False)])
def test_a_core_is_idle_unless_more_threads_want_to_run(
    tmp_path: Path,
    wanting: int,
    idle: bool,
) -> None:
    (tmp_path / "loadavg").write_text(f"12.50 10.40 8.30 {wanting}/770 4711\n")
    assert bool(IdleCore(tmp_path / "loadavg", cores=2)) is idle


def test_it_is_asked_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "loadavg"
    path.write_text("0 0 0 1/7 9\n")
    core = IdleCore(path, cores=1)
    assert core
    path.write_text("0 0 0 2/7 9\n")
    assert not core


def test_where_nobody_can_tell_no_core_is_idle(tmp_path: Path) -> None:
    assert not IdleCore(tmp_path / "nothing")


@pytest.mark.skipif(not Path("/proc/loadavg").exists(), reason="only Linux says how many threads want to run")
def test_this_machine_can_be_asked() -> None:
    assert IdleCore(cores=1_000_000)
