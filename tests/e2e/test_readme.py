"""README's commands and its program do what README says, with everything installed.

.ci/run does it without torch.
"""

import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "deploy" / "readme"


@pytest.mark.timeout(1800)
def test_every_command_of_the_readme_runs() -> None:
    command = [sys.executable, str(README), "--seconds", "1700"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("index", "serve", "search", "events", "evaluate", "train", "models", "bench"):
        assert f"aisle {name} " in ended.stdout
