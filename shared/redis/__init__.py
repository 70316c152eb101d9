"""Redis: where it is, and how to reach it."""
