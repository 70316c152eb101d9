"""From what shoppers did to a better ranker: evidence, learning, judging, the gate."""
