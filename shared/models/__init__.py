"""Bundles of models: what is in one, which there are, and which of them serves."""
