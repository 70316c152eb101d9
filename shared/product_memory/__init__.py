"""Which products are bought and opened together, how popular they are, and which are bought again."""
