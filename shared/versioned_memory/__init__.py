"""Memories that the trainer makes and services read: versions on disk, followed without a restart."""
