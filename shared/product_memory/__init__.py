"""Which products are bought and opened together, and how popular they are."""
