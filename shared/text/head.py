"""The part of a title before "with", "for" and the like."""

import re

_MODIFIER = re.compile(
    r"\b(?:with|for|w/|fits?|compatible|mit|für|zu[rm]?|avec|pour|con|para|per|met|voor|med|för|till|til|для|с)\b",
    re.IGNORECASE,
)


def head(title: str) -> str:
    """The part of a title before "with", "for" and the like; the whole title if it begins so."""
    found = _MODIFIER.search(title)
    return title[: found.start()] if found and title[: found.start()].strip() else title
