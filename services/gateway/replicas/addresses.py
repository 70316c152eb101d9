"""The addresses of a service's processes.

They are HOST:PORT, separated by commas. A host may have several addresses.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence

Resolve = Callable[[str], Awaitable[Sequence[str]]]

_LOG = logging.getLogger(__name__)


def parse(text: str) -> tuple[tuple[str, int], ...]:
    """The (host, port) of each. Raises ValueError for an invalid address."""
    return tuple(_parsed(part.strip()) for part in text.split(",") if part.strip())


def _parsed(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not an address; use HOST:PORT, several separated by commas")
    return host, int(port)


async def system_resolver(host: str) -> Sequence[str]:
    """The IPv4 addresses of a host.

    IPv6 addresses count only without IPv4 ones, or each process would count twice.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    by_family: dict[int, list[str]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, []).append(str(address[0]))
    return by_family.get(socket.AF_INET) or by_family.get(socket.AF_INET6, [])


class Addresses:
    """Looks names up again from time to time.

    A name that cannot be looked up keeps its last addresses.
    """

    def __init__(self, text: str, resolve: Resolve = system_resolver) -> None:
        """Raises ValueError for an invalid address."""
        self.text = text
        self._hosts = parse(text)
        self._resolve = resolve
        self._known: dict[str, Sequence[str]] = {}

    async def now(self) -> list[str]:
        """Every address, as HOST:PORT with an IP address for the host."""
        await asyncio.gather(*(self._look_up(host) for host, _ in self._hosts))
        found = [_joined(ip, port) for host, port in self._hosts for ip in self._known.get(host, ())]
        return list(dict.fromkeys(found))

    async def _look_up(self, host: str) -> None:
        try:
            self._known[host] = await self._resolve(host)
        except OSError as error:
            if host not in self._known:
                _LOG.warning("%s has no address yet: %s", host, error)
                self._known[host] = ()


def _joined(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
