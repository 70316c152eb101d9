"""All benchmarks.

They give ratios to a named peer or to the previous commit, in turns within one run.
"""
