"""Writes the delta into the next snapshot, in a process of its own.

python -m services.embedding.indexing.compaction_process is started by compaction.py. Some thousand
products take a second of Python, and pages of the same process would wait. The process reads its
job from standard input. It has no encoder, so all products must be encoded already.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.embedding.indexing.indexer import Indexer, IndexReport
from services.embedding.indexing.ports import States, Vectors
from services.embedding.indexing.tail import Tail
from shared import errors
from shared.errors import AisleError, Unavailable
from shared.priority import give_way
from shared.product_text import product_text_of
from shared.watchdog import progress, watching


@dataclass(frozen=True)
class _Job:
    data: Path
    identity: Mapping[str, Any]
    tail: Tail


class _NoEncoder:
    """An encoder that raises, because everything is encoded already."""

    def encode_products(self, texts: Sequence[str], /) -> tuple[Vectors, list[States]]:
        raise Unavailable(f"{len(texts)} products have no encoding of this encoder yet")

    def known_words(self) -> list[str]:
        return []


async def compact(data: Path, identity: Mapping[str, Any], tail: Tail) -> IndexReport:
    """Make the next snapshot of the current one and a tail. See Indexer.run.

    Ends the process if it is cancelled. Raises Unavailable if some product must be encoded first,
    or if the process was killed.
    """
    command = [sys.executable, "-m", "services.embedding.indexing.compaction_process"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, pass_fds=(tail.descriptor,)
    )
    try:
        answer, _ = await process.communicate(pickle.dumps(_Job(data, identity, tail)))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _report(answer, process.returncode or 0)


def _report(answer: bytes, returncode: int) -> IndexReport:
    try:
        content = json.loads(answer.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise Unavailable(f"the compaction process ended with {returncode} and said nothing") from error
    if "error" in content:
        kind = getattr(errors, content["error"], AisleError)
        raise kind(content["reason"])
    return IndexReport(**content)


def _main() -> None:
    """Do the job, and print the report or the error."""
    give_way()
    try:
        job: _Job = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):  # the parent process has ended
        sys.exit(1)
    try:
        with watching("compaction"):
            answer = asdict(_compacted(job))
    except AisleError as error:
        answer = {"error": type(error).__name__, "reason": str(error)}
    with suppress(BrokenPipeError):  # the parent process has ended
        os.write(sys.stdout.fileno(), f"{json.dumps(answer)}\n".encode())


def _compacted(job: _Job) -> IndexReport:
    indexer = Indexer(job.data, _NoEncoder(), job.identity, product_text_of)
    return indexer.run(
        tail=job.tail, progress=lambda written, of: progress(f"{written} of {of} products written")
    )


if __name__ == "__main__":
    from services.embedding.indexing import compaction_process as itself

    itself._main()
