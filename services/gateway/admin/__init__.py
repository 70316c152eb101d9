"""The status of the engine."""
