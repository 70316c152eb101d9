"""Adapts the block and the ranker to a catalogue without labels, by a teacher's scores."""
