"""The door of Aisle: searches, catalogue writes, and the intake of events."""
