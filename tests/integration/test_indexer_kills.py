import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.catalog.product import Product
from shared.errors import StorageFull
from tests.unit.embedding.indexing.letter_encoder import letter_indexer, titled, titles_of

_DYING = """
import os, signal, sys
from pathlib import Path
from shared.catalog.product import Product
from tests.unit.embedding.indexing.letter_encoder import letter_indexer

def run(data, last_call):
    calls = 0
    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call" and "/shared/" in frame.f_code.co_filename
        if calls == last_call:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    letter_indexer(data).run([Product(f"p{n}", f"product number {n}") for n in range(20)])
    sys.setprofile(None)
    return calls

data, rehearsal, share = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
run(data, int(run(rehearsal, 0) * share))
"""


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9, 0.96, 0.99])
def test_a_kill_at_any_point_leaves_a_whole_snapshot(tmp_path: Path, share: float) -> None:
    data = tmp_path / "data"
    rehearsal = tmp_path / "rehearsal"
    for each in (data, rehearsal):
        letter_indexer(each).run(titled("red kettle"))
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", _DYING, str(data), str(rehearsal), str(share)]
    died = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert titles_of(data) == ["red kettle"]
    assert letter_indexer(data).run(titled("blue teapot")).product_count == 2


def test_a_full_disk_is_named_and_the_old_snapshot_stays(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=False
        ).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    try:
        letter_indexer(small).run(titled("red kettle"))
        many = (Product(f"p{n}", f"product {n}", description="words " * 300) for n in range(5_000))
        with pytest.raises(StorageFull, match="free some space"):
            letter_indexer(small).run(many)
        assert titles_of(small) == ["red kettle"]
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
