"""Where a server listens."""

import socket

# Who is on this machine; clients that dial localhost try either of its addresses
LOOPBACK = "localhost"


def addresses_of(host: str) -> list[str]:
    """What a server opens for a configured host, as gRPC takes it.

    Both addresses of the loopback for its name.
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
    """Whether this machine has IPv6's loopback: containers often have not."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
