import os
import shutil
import signal
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
    died = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert died.returncode == -signal.SIGKILL and len(list(tmp_path.iterdir())) == 1
    scratch = Scratch(tmp_path)
    assert list(tmp_path.iterdir()) == [scratch.folder]
    scratch.close()


def test_the_folders_of_others_stay(tmp_path: Path) -> None:
    first, second = Scratch(tmp_path), Scratch(tmp_path)
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
