"""Identifies callers by network address, without the port, to share capacity between them.

Unlike a visitor_id, a caller cannot choose it freely. All callers behind one proxy are one peer,
and share its capacity.
"""

import ipaddress
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

# Bits of an IPv6 address: usually all addresses with this prefix belong to one user
_OWNED_BITS = 64


def peer_of(context: Any) -> str:
    """The peer of a call. Empty for a call from within this process."""
    return _without_port(context.peer()) if context is not None else ""


@lru_cache(1_000)  # connections
def _without_port(peer: str) -> str:
    """The host of "ipv4:HOST:PORT" or "ipv6:[HOST]:PORT".

    Other texts, such as "unix:PATH", are returned unchanged.
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
