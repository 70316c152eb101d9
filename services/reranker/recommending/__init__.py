"""Recommendations: proposals from several sources, their features, and their order."""
