"""Errors of commands on standard error."""

import os
import subprocess
import sys


def test_a_missing_setting_is_named_in_one_line_with_the_prefix_of_all_errors() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AISLE_")}
    command = [sys.executable, "-m", "cli.app", "replay"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "aisle: AISLE_KAFKA_ADDRESS is not set; name a broker, such as localhost:9092\n"
