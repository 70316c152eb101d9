"""The indexer: turns the catalogue into vectors and snapshots."""
