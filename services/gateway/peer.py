"""Who calls, for sharing out places between callers: the network address, without its port.

A caller cannot choose it freely, unlike a visitor_id. All callers behind one proxy are one peer,
and share as such.
"""

import ipaddress
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

_OWNED_BITS = 64  # of an IPv6 address: who has one usually has all that begin like it


def peer_of(context: Any) -> str:
    """The peer of a call; empty for a call from within this process."""
    return _without_port(context.peer()) if context is not None else ""


@lru_cache(1_000)  # connections
def _without_port(peer: str) -> str:
    """Of "ipv4:HOST:PORT" or "ipv6:[HOST]:PORT" the host.

    Anything else, such as "unix:PATH", as it is.
    """
    kind, _, rest = unquote(peer).partition(":")
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    if kind == "ipv4":
        return host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network(f"{address}/{_OWNED_BITS}", strict=False))
