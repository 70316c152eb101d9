"""Checks whether a text can be written as UTF-8."""


def is_utf8(text: str) -> bool:
    """Whether a text is free of lone surrogates, which JSON and damaged files may contain."""
    if text.isascii():  # faster than trying to encode
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
