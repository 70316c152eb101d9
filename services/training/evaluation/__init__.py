"""How well the engine ranks, measured from outside, over gRPC."""
