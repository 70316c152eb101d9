"""Which queries teach the reranker, and which the ranker.

The ranker reads the reranker's scores. On queries that the reranker has learnt from they are better
than on queries to come, so the ranker would trust them too much: each query teaches one of the two.
The ranker has little to learn.
"""

import hashlib

_RANKER_SHARE = 8  # one query of so many teaches the ranker


def teaches_ranker(query: str) -> bool:
    """Whether a query is the ranker's; the same on every machine."""
    digest = hashlib.blake2b(query.strip().lower().encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") % _RANKER_SHARE == 0
