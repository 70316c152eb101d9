"""Filters of requests: as messages and as text, checked, and in the form that retrieval reads."""
