"""A page worker: python -m services.standalone.workers DATA SOCKET ADDRESS BUNDLE

SOCKET is the first process's, ADDRESS where the worker answers. It ends with its standard input.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from services.gateway.admission import Admission
from services.standalone.log_acceptance import LOG
from services.standalone.page_engine import PageEngine
from services.standalone.workers.collected_impressions import CollectedImpressions
from services.standalone.workers.followed_file import FollowedFile
from services.standalone.workers.page_service import page_maker_servicer
from services.standalone.workers.remote_features import RemoteFeatures
from shared import owner_only, process_log
from shared.end_of_input import ends_with_input
from shared.memory import return_free_memory
from shared.priority import answer_promptly, let_pass
from shared.process_end import run
from shared.rpc.channels import PROMPT, connect
from shared.rpc.server import Server, asked_to_end
from shared.rpc.status import status_servicer

_PAGES_AT_ONCE = 1_000  # the first process admits them


async def main() -> None:
    """Make pages until asked to end."""
    data, socket, address, bundle = sys.argv[1:]
    ended, first = asked_to_end(), os.getppid()
    ends_with_input(ended)
    log = FollowedFile(Path(data) / LOG)
    async with connect(f"unix:{socket}", PROMPT) as channel:
        engine = PageEngine(Path(data), bundle, log, RemoteFeatures(channel), is_worker=True)
        impressions = engine.search.parts.impressions = CollectedImpressions()
        engine.search.parts.admission = Admission(_PAGES_AT_ONCE, _PAGES_AT_ONCE)
        maker = page_maker_servicer(engine.search, engine.recommend, impressions)
        server = Server([maker, status_servicer(engine.status)], 0, address)
        await _serve(server, engine, ended)
        await engine.search.close()
        engine.close()
    await log.close()
    if os.getppid() != first:  # it was killed, and could not remove its sockets
        shutil.rmtree(Path(socket).parent, ignore_errors=True)


async def _serve(server: Server, engine: PageEngine, ended: asyncio.Event) -> None:
    await server.start()
    await engine.open_encoders()
    work = [asyncio.create_task(each) for each in (*engine.following(), _give_back(engine))]
    await ended.wait()
    await server.stop(grace_seconds=1)
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def _give_back(engine: PageEngine) -> None:
    """Return the memory that opening the first snapshot needed."""
    await engine.follower.opened()
    return_free_memory()


if __name__ == "__main__":
    process_log.begin(news=False)
    owner_only.begin()
    answer_promptly()
    let_pass()
    run(main)
