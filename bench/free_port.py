"""A port of the loopback that is free now."""

import socket


def free_port() -> int:
    """The port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
