"""A query_id with a signature: `<UUID>.<signature>`.

So only searches of this shop have valid query_ids.
"""

from services.gateway.signatures import Signatures, from_text, to_text

_PURPOSE = "query_id"
_SEPARATOR = "."


def signed(query_id: str, signatures: Signatures) -> str:
    """The query_id as callers get it."""
    return f"{query_id}{_SEPARATOR}{to_text(signatures.sign(_PURPOSE, query_id.encode()))}"


def is_signed(query_id: str, signatures: Signatures) -> bool:
    """Whether a gateway of this shop has issued it."""
    name, _, signature = query_id.partition(_SEPARATOR)
    try:
        return signatures.holds(_PURPOSE, name.encode(), from_text(signature))
    except ValueError:
        return False
