"""Measures ranking quality from outside, over gRPC."""
