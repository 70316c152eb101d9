"""What a text says that a product, or a shopper, does without."""

from __future__ import annotations

import re

_WITHOUT = (
    "without|w/o|not|no|non|free of|ohne|kein|keine|nicht|sans|pas de|sin|senza|zonder|geen|uden|utan|uten|"
    "ilman|без|χωρις"
)
_BEFORE = re.compile(rf"(?<![\w-])(?:{_WITHOUT})[ -](?:an? |the |any |de |der |die |das )?([^\W\d_]{{3,}})")
_AFTER = re.compile(r"(?<![\w-])([^\W\d_]{3,})-(?:free|frei|less|los|fri)(?!\w)")
_GLUED = re.compile(r"(?<!\w)([^\W\d_]{4,})(?:less|frei|freie|freies)(?!\w)")


def lacking(text: str) -> list[str]:
    """The folded words that a folded text says are not there.

    "without laces", "no laces" and "lace-free" lack laces.
    """
    found = [*_BEFORE.findall(text), *_AFTER.findall(text), *_GLUED.findall(text)]
    return list(dict.fromkeys(found))
