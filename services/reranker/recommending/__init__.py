"""What to recommend: proposals of several sources, their features, and their order."""
