from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.training.learning.lock import only_learner
from shared.errors import Unavailable

HOLD = """
import sys
from pathlib import Path
from services.training.learning.lock import only_learner

with only_learner(Path(sys.argv[1]), 0.0):
    print("learning", flush=True)
    sys.stdin.readline()
"""


def holder(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(data)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout and process.stdout.readline() == "learning\n"
    return process


def test_two_learners_of_a_folder_exclude_each_other_and_the_error_names_the_first(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        named = rf"process {other.pid} learns from this folder already"
        with pytest.raises(Unavailable, match=named), only_learner(tmp_path, 0.0):
            pass
        other.communicate("\n")
    with only_learner(tmp_path, 0.0):
        pass


def test_a_learner_waits_for_the_one_before(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        assert other.stdin
        other.stdin.write("\n")
        other.stdin.flush()
        with only_learner(tmp_path, 30.0):
            pass


def test_a_learner_that_was_killed_keeps_nobody_off(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.kill()
    with only_learner(tmp_path, 0.0):
        pass
