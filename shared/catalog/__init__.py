"""Products as values: how they are read and validated, and their wire format."""
