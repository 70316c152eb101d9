"""Learn to recommend: the product memory and the ranker, from the table of interactions."""
