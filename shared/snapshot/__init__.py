"""The on-disk format of one index generation."""
