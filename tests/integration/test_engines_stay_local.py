"""An engine starts no process and opens no connection. Each is watched in a process of its own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WATCHED = """
import sys
from pathlib import Path
seen = []
calls = ("os.fork", "socket.connect", "subprocess.Popen")
sys.addaudithook(lambda event, _: event in calls and seen.append(event))
from tests.unit.embedding.engine_agreement import tiny_encoder
tiny_encoder(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).encode_queries(["mouse"])
assert not seen, seen
"""


@pytest.mark.parametrize("engine", ["openvino-f32", "onnxruntime-fp32"])
def test_nobody_is_told_that_an_engine_is_used(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    """OpenVINO forks the process that imports it, and reports to Google if it can."""
    subprocess.run(
        [sys.executable, "-c", WATCHED, model_folder, make_bundle(), engine],
        check=True,
        timeout=120,
    )
