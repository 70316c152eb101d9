"""Turns texts into vectors. Contains the indexer, which makes snapshots."""
