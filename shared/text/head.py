"""What a title says that a product is, without what it goes with."""

import re

_MODIFIER = re.compile(
    r"\b(?:with|for|w/|fits?|compatible|mit|für|zu[rm]?|avec|pour|con|para|per|met|voor|med|för|till|til|для|с)\b",
    re.IGNORECASE,
)


def head(title: str) -> str:
    """A title without what it says after "with", "for" and their like; all of one that begins so."""
    found = _MODIFIER.search(title)
    return title[: found.start()] if found and title[: found.start()].strip() else title
