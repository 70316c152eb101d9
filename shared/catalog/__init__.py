"""Products as values: reading, validating, and their form on the wire."""
