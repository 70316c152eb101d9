"""Whether a text can be written as UTF-8."""


def is_utf8(text: str) -> bool:
    """Whether a text has no lone surrogates, which JSON and damaged files may give it."""
    if text.isascii():  # quicker than trying
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
