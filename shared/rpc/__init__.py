"""Calls between processes: servers, channels, and limits on requests."""
