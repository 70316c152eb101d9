"""A page worker: python -m services.standalone.workers DATA SOCKET BUNDLE

SOCKET is the descriptor of its connection with the first process. It ends with the connection.
"""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from aisle.v1.status_pb2 import GetReplicaStatusRequest, ReplicaStatus
from services.gateway.admission import Admission
from services.standalone.log_acceptance import LOG
from services.standalone.page_engine import PageEngine
from services.standalone.workers.collected_impressions import CollectedImpressions
from services.standalone.workers.connection import Connection, Kind
from services.standalone.workers.followed_file import FollowedFile
from services.standalone.workers.page_service import PageMaker
from services.standalone.workers.remote_features import RemoteFeatures
from shared import owner_only, process_log
from shared.end_of_input import ends_with_input
from shared.memory import return_free_memory
from shared.priority import answer_promptly, let_pass
from shared.process_end import run
from shared.rpc.status import StatusService
from shared.threads import work_in_turn

_PAGES_AT_ONCE = 1_000  # the first process admits them


async def main() -> None:
    """Make pages until the connection ends."""
    data, descriptor, bundle = sys.argv[1:]
    ends_with_input(asyncio.Event())  # even if the event loop hangs
    end = socket.socket(fileno=int(descriptor))
    log, features = FollowedFile(Path(data) / LOG), RemoteFeatures()
    engine = PageEngine(Path(data), bundle, log, features, is_worker=True)
    impressions = engine.search.parts.impressions = CollectedImpressions()
    engine.search.parts.admission = Admission(_PAGES_AT_ONCE, _PAGES_AT_ONCE)
    await engine.open_encoders()
    maker = PageMaker(engine.search, engine.recommend, impressions)
    status = StatusService(engine.status, lambda: "")

    async def describe(_: bytes) -> bytes:
        described: ReplicaStatus = (await status.GetReplicaStatus(GetReplicaStatusRequest())).status
        return described.SerializeToString()

    features.connection = await Connection.over(end, {Kind.MAKE_PAGE: maker.make, Kind.GET_STATUS: describe})
    await _follow(engine, features.connection)
    await engine.search.close()
    engine.close()
    await log.close()


async def _follow(engine: PageEngine, connection: Connection) -> None:
    """Follow new snapshots and models until the connection ends."""
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, connection.close)
    work = [asyncio.create_task(each) for each in (*engine.following(), _give_back(engine))]
    await connection.ended.wait()
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
    work_in_turn()
    run(main)
