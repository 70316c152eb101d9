"""Check whether a server answers calls: python -m shared.rpc.health HOST:PORT

The exit code is 0 if it does and 1 otherwise, as health checks of containers expect.
"""

import sys
from typing import Any

import grpc

_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"  # HealthCheckResponse(status=SERVING)
_SECONDS = 2.0


def is_serving(address: str) -> bool:
    """Whether the server reports SERVING for the whole process within two seconds.

    The messages are written as bytes, because their modules load slowly and this runs every few
    seconds.
    """
    with grpc.insecure_channel(address) as channel:
        check: Any = channel.unary_unary(_CHECK)
        try:
            return bool(check(b"", timeout=_SECONDS) == _SERVING)
        except grpc.RpcError:
            return False


if __name__ == "__main__":
    sys.exit(not is_serving(sys.argv[1]))
