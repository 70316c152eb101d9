"""The addresses of a server."""

import socket

# Clients on this machine that dial localhost try either address
LOOPBACK = "localhost"


def addresses_of(host: str) -> list[str]:
    """The addresses that a server opens for a configured host, in gRPC's notation.

    A name of the loopback means both of its addresses.
    """
    if host != LOOPBACK:
        return [_bracketed(host)]
    return ["127.0.0.1", "[::1]"] if _has_ipv6() else ["127.0.0.1"]


def dialled(host: str) -> str:
    """The host by which a client on this machine reaches a server that listens on `host`."""
    return LOOPBACK if host.strip("[]") in ("", "::", "0.0.0.0") else _bracketed(host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _has_ipv6() -> bool:
    """Whether this machine has IPv6's loopback. Containers often lack it."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
