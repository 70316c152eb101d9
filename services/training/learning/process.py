"""One look of the trainer in its own process: python -m services.training.learning.process DATA.

Training uses a whole core for minutes and some hundred MiB, which are released when it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from services.training.learning.config import TrainerConfig
from services.training.learning.job import Learner
from shared import clock
from shared.config import load
from shared.errors import AisleError, Unavailable
from shared.priority import give_way


async def look(data: Path) -> dict[str, Any]:
    """Learner.look of a data folder, in another process. Returns Look.report().

    Kills that process if this is cancelled. Raises Unavailable if it fails.
    """
    command = [sys.executable, "-m", "services.training.learning.process", str(data)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe)
    try:
        answer, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        report: dict[str, Any] = json.loads(answer.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise Unavailable(f"the training process ended with {process.returncode} and no report") from error
    if "error" in report:
        raise Unavailable(f"learning: {report['error']}")
    return report


def _main() -> None:
    give_way()
    try:
        report = Learner(Path(sys.argv[1]), load(TrainerConfig)).look(clock.now()).report()
    except (AisleError, OSError) as error:
        report = {"error": str(error)}
    with suppress(BrokenPipeError):  # the parent process has ended
        os.write(sys.stdout.fileno(), f"{json.dumps(report)}\n".encode())


if __name__ == "__main__":
    _main()
