"""Aisle: product search that learns from its shoppers.

The messages (aisle.v1) and a client for them.
"""
