"""Finds candidates for a query and its vector."""
