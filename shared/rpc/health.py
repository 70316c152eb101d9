"""Ask a server whether it answers calls: python -m shared.rpc.health HOST:PORT

Exit code 0 when it does, else 1, as health checks of containers want it.
"""

import sys
from typing import Any

import grpc

_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"  # HealthCheckResponse(status=SERVING)
_SECONDS = 2.0


def is_serving(address: str) -> bool:
    """Whether the server there says SERVING for the whole process, within two seconds.

    The messages are written out: their modules take longer to load than the question to be
    answered, and it is asked every few seconds.
    """
    with grpc.insecure_channel(address) as channel:
        check: Any = channel.unary_unary(_CHECK)
        try:
            return bool(check(b"", timeout=_SECONDS) == _SERVING)
        except grpc.RpcError:
            return False


if __name__ == "__main__":
    sys.exit(not is_serving(sys.argv[1]))
