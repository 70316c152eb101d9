"""Bundles of models: their content, their registry, and the one that serves."""
