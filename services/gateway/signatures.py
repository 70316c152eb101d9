"""Signatures of the query_ids and page tokens that the gateway issues."""

import base64
import hmac
from collections.abc import Callable, Sequence

SIGNATURE_BYTES = 12  # 96 bits: guessing one takes 2^95 tries

Secrets = Callable[[], Sequence[bytes]]  # the newest first


class Signatures:
    """Signs with the newest secret, and accepts signatures of every secret that is still kept."""

    def __init__(self, secrets: Secrets) -> None:
        """`secrets` is called each time, so that secrets can be replaced while the gateway serves."""
        self._secrets = secrets

    def sign(self, purpose: str, content: bytes) -> bytes:
        """SIGNATURE_BYTES of HMAC-SHA256 (RFC 2104).

        A signature for one purpose is invalid for another.
        """
        return _signature(self._secrets()[0], purpose, content)

    def holds(self, purpose: str, content: bytes, signature: bytes) -> bool:
        """Whether the gateway made the signature."""
        signatures = (_signature(secret, purpose, content) for secret in self._secrets())
        return any(hmac.compare_digest(signature, each) for each in signatures)


def _signature(secret: bytes, purpose: str, content: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + content, "sha256")[:SIGNATURE_BYTES]


def to_text(data: bytes) -> str:
    """Bytes as a text that is safe in URLs."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """The bytes of a text. Raises ValueError if `to_text` did not make it."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
