"""Trains a better ranker on shoppers' actions: evidence, training, judging, and the gate."""
