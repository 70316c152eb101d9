"""Signs query_ids: one signature proves that this shop issued it, another for which visitor.

`<UUID>.<32 letters>`: 12 bytes sign the UUID, 12 more sign it with the visitor_id of the search
(empty for a page made for no visitor in particular).
"""

from enum import Enum

from services.gateway.signatures import SIGNATURE_BYTES, Signatures, from_text, to_text

_PURPOSE = "query_id"
_OWNER = "query_id of"
_SEPARATOR = "."


class PageOwner(Enum):
    """Whose page a query_id names, for the visitor who sends it."""

    VISITOR = "visitor"  # the visitor's own
    NO_VISITOR = "no_visitor"  # one made for no visitor in particular
    ANOTHER = "another"  # another visitor's
    UNKNOWN = "unknown"  # not issued by this shop


def signed(query_id: str, visitor_id: str, signatures: Signatures) -> str:
    """The query_id with its signatures. An empty visitor_id: for no visitor in particular."""
    ours = signatures.sign(_PURPOSE, query_id.encode())
    return f"{query_id}{_SEPARATOR}{to_text(ours + signatures.sign(_OWNER, _owned(query_id, visitor_id)))}"


def owner_of(query_id: str, visitor_id: str, signatures: Signatures) -> PageOwner:
    """The owner of a page, by the signatures of its query_id."""
    name, _, text = query_id.partition(_SEPARATOR)
    try:
        signature = from_text(text)
    except ValueError:
        return PageOwner.UNKNOWN
    owner = signature[SIGNATURE_BYTES:]
    if signatures.holds(_OWNER, _owned(name, visitor_id), owner):
        return PageOwner.VISITOR
    if signatures.holds(_OWNER, _owned(name, ""), owner):
        return PageOwner.NO_VISITOR
    is_ours = signatures.holds(_PURPOSE, name.encode(), signature[:SIGNATURE_BYTES])
    return PageOwner.ANOTHER if is_ours else PageOwner.UNKNOWN


def _owned(query_id: str, visitor_id: str) -> bytes:
    return f"{query_id}\0{visitor_id}".encode()
