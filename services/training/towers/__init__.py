"""Trains the two towers, the encoder of queries and products, on clicks and judgments."""
