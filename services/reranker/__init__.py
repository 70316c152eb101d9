"""Puts candidates in order."""
