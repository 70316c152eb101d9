"""The reranker: puts candidates in order."""
