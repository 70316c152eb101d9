import subprocess
import sys

SAID = """
import gc, os, sys
from shared.priority import answer_promptly, give_way
give_way()
answer_promptly()
print(os.nice(0), sys.getswitchinterval() < 0.001, gc.get_freeze_count() > 1_000)
"""


def test_a_process_gives_way_and_answers_promptly() -> None:
    before = "import os; print(os.nice(0))"
    nice = int(
        subprocess.run([sys.executable, "-c", before], capture_output=True, text=True, check=True).stdout
    )
    done = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(min(19, nice + 10)), "True", "True"]
