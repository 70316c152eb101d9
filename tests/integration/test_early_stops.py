"""Expected stops end a process without a traceback. The tests run real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLOW = "import time; open({ready!r}, 'w').close(); time.sleep(30)"


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Ctrl-C as in a terminal.

    Under `nohup ... &` the signal is ignored, and child processes inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("package", ["services.feedback", "services.gateway"])
def test_ctrl_c_ends_a_process_that_still_imports_without_a_word(package: str, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    # Stands for libraries that take a second
    (tmp_path / "grpc.py").write_text(SLOW.format(ready=str(ready)))
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", package]
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:
        _wait_for(ready)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (-signal.SIGINT, "")


def test_a_program_of_others_that_imports_us_is_interrupted_as_always(tmp_path: Path) -> None:
    program = tmp_path / "theirs.py"
    program.write_text(
        "import services, signal\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(program)]
    said = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said == "True\n"


@pytest.mark.parametrize("job", [b"", b"\x80\x04\x95"], ids=["no job", "half a job"])
def test_a_compaction_whose_parent_was_killed_ends_without_a_traceback(job: bytes) -> None:
    command = [sys.executable, "-m", "services.embedding.indexing.compaction_process"]
    ended = subprocess.run(
        command,
        input=job,
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, b"")


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.01)
