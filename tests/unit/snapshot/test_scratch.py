import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from shared.errors import StorageFull
from shared.snapshot.scratch import Scratch, scratch_root

_KILLED = """
import os, signal, sys
from pathlib import Path
from shared.snapshot.scratch import Scratch
(Scratch(Path(sys.argv[1])).folder / "index").write_text("left behind")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_gone_when_it_is_closed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "live")
    (scratch.folder / "index").mkdir()
    scratch.close()
    assert not list((tmp_path / "live").iterdir())


def test_the_folder_of_a_process_that_was_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    died = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL and len(list(tmp_path.iterdir())) == 1
    scratch = Scratch(tmp_path)
    assert list(tmp_path.iterdir()) == [scratch.folder]
    scratch.close()


def test_the_folders_of_others_stay(tmp_path: Path) -> None:
    first = Scratch(tmp_path)
    second = Scratch(tmp_path)
    assert first.folder.is_dir() and second.folder.is_dir()
    first.close()
    assert second.folder.is_dir()
    second.close()


def test_it_is_where_it_is_told_to_be(tmp_path: Path) -> None:
    assert scratch_root("/elsewhere", tmp_path) == Path("/elsewhere")


def test_it_is_in_memory_where_that_has_room(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 2 << 30:
        pytest.skip("needs two gigabytes")
    assert scratch_root("", tmp_path / "data", memory=tmp_path).parent == tmp_path


def test_without_it_is_beside_the_data(tmp_path: Path) -> None:
    assert scratch_root("", tmp_path, memory=tmp_path / "none") == tmp_path / "live"


def test_where_data_may_only_be_read_it_is_with_the_temporary_files(tmp_path: Path) -> None:
    not_a_folder = tmp_path / "data"
    not_a_folder.write_text("")
    assert scratch_root("", not_a_folder, memory=tmp_path / "none").parent == Path(tempfile.gettempdir())
    with pytest.raises(StorageFull, match="name another folder"):
        Scratch(not_a_folder / "live")


def test_a_folder_that_a_symlink_leads_to_is_neither_written_nor_removed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    root = tmp_path / "live"
    victim.mkdir()
    root.mkdir()
    (victim / ".lock").write_text("of somebody else")
    (root / ("0" * 32)).symlink_to(victim)
    Scratch(root).close()
    assert (victim / ".lock").read_text() == "of somebody else"


def test_a_lock_that_is_a_symlink_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    theirs = tmp_path / "live" / ("0" * 32)
    victim.write_text("precious")
    theirs.mkdir(parents=True)
    (theirs / ".lock").symlink_to(victim)
    Scratch(tmp_path / "live").close()
    assert theirs.is_dir() and victim.read_text() == "precious"


def test_only_folders_that_a_process_of_aisle_has_made_are_removed(tmp_path: Path) -> None:
    theirs = tmp_path / "somebodys-checkout"
    theirs.mkdir()
    (theirs / ".lock").write_text("")
    Scratch(tmp_path).close()
    assert theirs.is_dir()


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        scratch = Scratch(tmp_path / "live")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "live", scratch.folder)]
    scratch.close()
    assert modes == [0o700, 0o700]


def test_a_folder_of_ours_that_is_open_to_others_is_closed_and_used(tmp_path: Path) -> None:
    root = tmp_path / "live"
    root.mkdir()
    root.chmod(0o777)
    Scratch(root).close()
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_root_that_is_a_symlink_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "live").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFull, match="is a symlink; name another folder"):
        Scratch(tmp_path / "live")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    theirs = memory / f"aisle-live-{os.getuid()}"
    theirs.mkdir(parents=True)
    os.chown(theirs, 65534, 65534)
    with pytest.raises(StorageFull, match="belongs to another user"):
        Scratch(theirs)
    assert scratch_root("", tmp_path / "data", memory) == tmp_path / "data" / "live"


def test_in_a_folder_for_all_it_has_one_of_its_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    assert scratch_root(str(tmp_path), tmp_path / "data").parent == tmp_path
