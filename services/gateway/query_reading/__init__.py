"""A language model's reading of queries, off by default (docs/queries.md)."""
