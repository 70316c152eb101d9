"""All benchmarks: ratios against a named peer or the commit before, by turns in one run."""
