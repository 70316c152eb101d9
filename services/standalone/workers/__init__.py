"""Processes beside the first one of `aisle serve`, which make pages for it."""
