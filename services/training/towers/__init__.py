"""Two towers that learn: the encoder of queries and products, from clicks and judgments."""
