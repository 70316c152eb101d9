"""Connections to the replicas of one service, opened as addresses become known.

gRPC maintains each of them: it reconnects, watches the replica's health, and sends pings.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from grpc import ChannelConnectivity, aio

from services.gateway.replicas.addresses import Addresses
from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.replica import Replica
from services.gateway.replicas.rotation import Rotation
from shared.rpc.channels import connect_replica

Stub = TypeVar("Stub")

_CLOSE_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


class Channels(Generic[Stub]):
    """A channel and a stub for each replica of a rotation."""

    def __init__(
        self,
        rotation: Rotation,
        ejection: Ejection,
        addresses: Addresses,
        service: str,
        make_stub: Callable[[aio.Channel], Stub],
    ) -> None:
        """`service` is the full name whose health tells whether a replica is ready."""
        self._rotation = rotation
        self._ejection = ejection
        self._addresses = addresses
        self._service = service
        self._make_stub = make_stub
        self._stubs: dict[Replica, Stub] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self.changed = asyncio.Event()  # set when a replica becomes ready, or stops being so

    def stub(self, replica: Replica) -> Stub:
        """The stub of a replica of the rotation."""
        return self._stubs[replica]

    @asynccontextmanager
    async def open(self, look_seconds: float) -> AsyncIterator[None]:
        """Keep the replicas that the addresses name until the block ends.

        Names are looked up regularly.
        """
        await self._look()
        looking = asyncio.create_task(self._keep_looking(look_seconds))
        try:
            yield
        finally:
            looking.cancel()
            for task in self._watches.values():
                task.cancel()
            await asyncio.gather(looking, *self._watches.values(), return_exceptions=True)

    async def _keep_looking(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._look()
            except Exception:
                _LOG.exception("%s: the addresses stay as they are", self._addresses.text)

    async def _look(self) -> None:
        wanted = await self._addresses.now()
        for address in self._watches.keys() - set(wanted):
            self._rotation.remove(address)
            self._watches.pop(address).cancel()
        for address in wanted:
            if address not in self._watches:
                replica = self._rotation.add(address)
                opened = connect_replica(address, self._service)
                self._stubs[replica] = self._make_stub(opened)
                self._watches[address] = asyncio.create_task(self._watch(replica, opened))

    async def _watch(self, replica: Replica, channel: aio.Channel) -> None:
        """Keep `ready` equal to the channel's state until cancelled."""
        try:
            while True:
                state = channel.get_state(try_to_connect=True)
                self._note(replica, ready=state is ChannelConnectivity.READY)
                await channel.wait_for_state_change(state)
        finally:
            await asyncio.shield(channel.close(_CLOSE_SECONDS))
            self._stubs.pop(replica, None)

    def _note(self, replica: Replica, ready: bool) -> None:
        if ready == replica.ready:
            return
        replica.ready = ready
        if not ready:  # after a reconnection, it may be another process
            replica.log_position = 0
            self._ejection.forget(replica)
        _LOG.info("%s %s is %s", self._service, replica.address, "ready" if ready else "not ready")
        self.changed.set()
