"""Here are texts, give me vectors; and the indexer, which makes snapshots."""
