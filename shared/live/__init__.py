"""A snapshot that follows the log: what was written since, in arrays that only grow."""
