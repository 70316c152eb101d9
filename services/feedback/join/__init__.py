"""Joins pages with the interactions that followed, into tables for training."""
