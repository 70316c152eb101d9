"""Splits queries between the training of the reranker and that of the ranker.

The ranker reads the reranker's scores. On the reranker's own training queries these are better than
on new queries, so the ranker would trust them too much. Therefore each query trains only one of the
two. The ranker needs fewer queries.
"""

import hashlib

_RANKER_SHARE = 8  # 1 in 8 queries trains the ranker


def trains_ranker(query: str) -> bool:
    """Whether a query trains the ranker. The result is the same on every machine."""
    digest = hashlib.blake2b(query.strip().lower().encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") % _RANKER_SHARE == 0
