import os
from pathlib import Path

import pytest

from shared.cores import core_count


@pytest.mark.parametrize(
    ("quota", "most"),
    [
        ("200000 100000\n", 2),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("max 100000", 10**6),
        ("", 10**6),
    ],
)
def test_a_quota_in_whole_cores_limits_them(tmp_path: Path, quota: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    available = core_count(tmp_path / "none")
    assert 1 <= available <= (os.cpu_count() or 1)
    assert core_count(tmp_path / "cpu.max") == min(available, most)
