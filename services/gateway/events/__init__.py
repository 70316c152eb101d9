"""Intake of events."""
