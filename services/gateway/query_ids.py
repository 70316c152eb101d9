"""Names for searches that sort by time."""

import secrets
import time
import uuid


def new_query_id() -> str:
    """A UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds since 1970, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))
