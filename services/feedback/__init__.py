"""Reads shoppers' actions from the log: features for ranking, and tables for training."""
