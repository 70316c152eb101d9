"""The services: each folder is one process, and they meet only on the wire."""
