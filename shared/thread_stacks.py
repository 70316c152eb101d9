"""The call stacks of this process's threads, a line a thread."""

import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_FRAMES = 6  # frames of a thread, the innermost first


def thread_stacks() -> str:
    """Threads by name, without the caller's and without idle ones."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident() and not _waits_for_work(frame):
            yield f"  {names.get(ident, ident)}: {_calls(frame)}"


def _waits_for_work(frame: FrameType) -> bool:
    """Whether it is an executor's thread without a task."""
    return frame.f_code.co_name == "_worker"


def _calls(frame: FrameType) -> str:
    frames = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=_FRAMES, lookup_lines=False)
    return ", ".join(f"{each.name} ({Path(each.filename).name}:{each.lineno})" for each in frames)
