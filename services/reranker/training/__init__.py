"""Judged pairs in, a bundle out: teacher, student, ranker.

The only place in this room that knows torch; the ranker is trained without it.
"""
