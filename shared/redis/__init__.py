"""Clients and settings of Redis."""
