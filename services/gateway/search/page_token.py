"""The signed token of a next page: its search, its offset, and a digest of its request."""

import hashlib
import struct
from dataclasses import dataclass

from services.gateway.signatures import SIGNATURE_BYTES, Signatures, from_text, to_text
from shared.errors import InvalidRequest

# Format, offset, digest of the request; the query_id follows
_HEAD = struct.Struct("<BI8s")
_FORMAT = 2
_PURPOSE = "page_token"


@dataclass(frozen=True, slots=True)
class PageToken:
    """`offset` results of the search `query_id` have been shown.

    `request_digest` has 8 bytes.
    """

    query_id: str
    offset: int
    request_digest: bytes


def digest(request: bytes) -> bytes:
    """Eight bytes that tell one request from another."""
    return hashlib.blake2b(request, digest_size=8).digest()


def encode(token: PageToken, signatures: Signatures) -> str:
    """The token as an opaque text that is safe in URLs."""
    content = _HEAD.pack(_FORMAT, token.offset, token.request_digest) + token.query_id.encode()
    return to_text(signatures.sign(_PURPOSE, content) + content)


def decode(text: str, request_digest: bytes, signatures: Signatures) -> PageToken:
    """The token in a text. Raises InvalidRequest if it is not ours, or of another request."""
    try:
        data = from_text(text)
        signature = data[:SIGNATURE_BYTES]
        content = data[SIGNATURE_BYTES:]
        form, offset, digest_in_token = _HEAD.unpack_from(content)
        query_id = content[_HEAD.size :].decode("ascii")
        if form != _FORMAT:
            raise ValueError(f"the format is {form}, not {_FORMAT}")
    except (struct.error, ValueError) as error:
        raise InvalidRequest(
            "page_token", "is not a next_page_token; leave it empty for the first page"
        ) from error
    if not signatures.holds(_PURPOSE, content, signature):
        raise InvalidRequest("page_token", "is damaged; leave it empty for the first page")
    if digest_in_token != request_digest:
        raise InvalidRequest(
            "page_token",
            "belongs to another search; only page_size and deadline_ms may differ between pages",
        )
    return PageToken(query_id, offset, digest_in_token)
