"""Calls between processes: servers, channels, and the limits of what a caller may ask."""
