"""Ids for searches.

They sort by time, and identify the query without revealing it.

A query_id is a UUID version 8 (RFC 9562, section 5.8): 48 bits of milliseconds since 1970, then 42
bits of a hash of the normalised query and 32 random bits, around version and variant. So a
shopper's action can be counted for its query by the query_id alone. The gateway appends a dot and a
signature, which this module does not read.
"""

import hashlib
import secrets
import uuid
from functools import lru_cache

from shared import clock
from shared.compatible_form import compatible

_HASH_BITS = 42
_RANDOM_BITS = 32
# Bits of the hash after the variant; the first 12 bits are after the version
_LOW_HASH_BITS = _HASH_BITS - 12


def normalised(query: str) -> str:
    """The query without differences that mean nothing to a shopper.

    These are case, forms of a letter, and white space.
    """
    return " ".join(compatible(query).casefold().split())


def query_hash(query: str) -> int:
    """42 bits of a query, the same on every machine. 0 for an empty query (browsing)."""
    text = normalised(query)
    if not text:
        return 0
    digest = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return (digest >> (64 - _HASH_BITS)) or 1


def new_query_id(query: str, time_seconds: float = 0.0) -> str:
    """A new id for a search of `query`, made just now or at a time since 1970."""
    milliseconds = int(time_seconds * 1_000) or clock.now_ns() // 1_000_000
    hashed = query_hash(query)
    high = hashed >> _LOW_HASH_BITS
    low = hashed & ((1 << _LOW_HASH_BITS) - 1)
    random = secrets.randbits(_RANDOM_BITS)
    bits = milliseconds << 80 | 0x8 << 76 | high << 64 | 0b10 << 62 | low << _RANDOM_BITS | random
    return str(uuid.UUID(int=bits))


def hash_in(query_id: str) -> int:
    """The query_hash in a query_id. 0 for browsing, and for a text that is no query_id."""
    bits = _bits(query_id)
    high = bits >> 64 & 0xFFF
    low = bits >> _RANDOM_BITS & ((1 << _LOW_HASH_BITS) - 1)
    return high << _LOW_HASH_BITS | low


def milliseconds_in(query_id: str) -> int:
    """The time of the search in a query_id, in milliseconds since 1970. 0 for a text that is no query_id."""
    return _bits(query_id) >> 80


def time_in(query_id: str) -> float:
    """When the page was made, in seconds since 1970. 0 for a text that is no query_id."""
    return milliseconds_in(query_id) / 1_000


@lru_cache(maxsize=1_024)  # the same record asks for both, and events of a page come together
def _bits(query_id: str) -> int:
    """The UUID in a query_id, as a number. 0 for a text that is no query_id."""
    try:
        parsed = uuid.UUID(query_id.partition(".")[0])
    except ValueError:
        return 0
    return parsed.int if parsed.version == 8 else 0
