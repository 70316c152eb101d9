"""`aisle index` on a folder that has a snapshot ends, every time.

Before shared/first_use.py, 1 run of 9 hung in OpenVINO's first inferences.

AISLE_TEST_INDEX_RUNS=100 python -m pytest tests/e2e/test_index_again.py
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

RUNS = int(os.environ.get("AISLE_TEST_INDEX_RUNS", "3"))
_LONG_SECONDS = 120  # a run takes some seconds; one that hangs never ends


@pytest.mark.timeout(60 + RUNS * _LONG_SECONDS)
def test_indexing_again_always_ends(
    aisle: Any,
    rows: list[dict[str, Any]],
    indexed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AISLE_EMBEDDING_PRODUCT_ENGINE", "openvino-f32")
    shop = shutil.copytree(indexed, tmp_path / "shop")
    file = tmp_path / "again.jsonl"
    for run in range(RUNS):
        # New titles are encoded: several batches, so several threads, in a process that has encoded
        # nothing before.
        file.write_text("".join(json.dumps({**row, "title": f"{row['title']} {run}"}) + "\n" for row in rows))
        finished = aisle("index", file, "--data", shop, "--json", timeout=_LONG_SECONDS)
        assert finished.returncode == 0, f"run {run}: {finished.stderr}"
        assert json.loads(finished.stdout)["reused"] == 0
