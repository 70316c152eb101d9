"""The gateway: searches, catalogue writes, and the intake of events."""
