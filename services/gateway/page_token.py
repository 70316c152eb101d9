"""The token that leads from one page to the next: which search, how far, and of which request."""

import base64
import binascii
import hashlib
import struct
import uuid
import zlib
from dataclasses import dataclass

from shared.errors import InvalidRequest

_LAYOUT = struct.Struct("<B16sI8s")  # format, query_id, offset, digest of the request
_CHECKSUM = struct.Struct("<I")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class PageToken:
    """`offset` results of the search `query_id` have been shown; `request_digest` is of what was asked (8 bytes)."""

    query_id: str
    offset: int
    request_digest: bytes


def digest(request: bytes) -> bytes:
    """Eight bytes that tell one request from another."""
    return hashlib.blake2b(request, digest_size=8).digest()


def encode(token: PageToken) -> str:
    """As an opaque text that is safe in addresses."""
    packed = _LAYOUT.pack(_FORMAT, uuid.UUID(token.query_id).bytes, token.offset, token.request_digest)
    return base64.urlsafe_b64encode(packed + _CHECKSUM.pack(zlib.crc32(packed))).decode().rstrip("=")


def decode(text: str, request_digest: bytes) -> PageToken:
    """Raises InvalidRequest when the text is no token of ours, or belongs to another request."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        form, query_id, offset, digest_in_token = _LAYOUT.unpack(data[: _LAYOUT.size])
        (checksum,) = _CHECKSUM.unpack(data[_LAYOUT.size :])
    except (binascii.Error, struct.error, ValueError) as error:
        raise InvalidRequest("page_token", "is not a next_page_token; leave it empty for the first page") from error
    if form != _FORMAT or checksum != zlib.crc32(data[: _LAYOUT.size]):
        raise InvalidRequest("page_token", "is damaged; leave it empty for the first page")
    if digest_in_token != request_digest:
        raise InvalidRequest(
            "page_token", "belongs to another search; only page_size and deadline_ms may differ between pages"
        )
    return PageToken(str(uuid.UUID(bytes=query_id)), offset, digest_in_token)
