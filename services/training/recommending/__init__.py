"""Trains recommendations from the table of interactions: the product memory and the ranker."""
