"""Measures recommendations by a split in time, and which part of the shop they show."""
