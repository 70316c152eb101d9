"""Turns a typed query into one clean line."""

from shared.text.cleaning import clean

MAX_QUERY_CHARACTERS = 1_000


def normalise(query: str) -> str:
    """One clean line of at most 1,000 characters: see shared.text.cleaning.

    A query without a letter or digit, such as a picture, becomes empty and browses.
    """
    line = clean(query[:MAX_QUERY_CHARACTERS])[:MAX_QUERY_CHARACTERS].rstrip()
    return line if any(letter.isalnum() for letter in line) else ""
