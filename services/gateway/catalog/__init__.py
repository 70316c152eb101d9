"""Writes and reads of products."""
