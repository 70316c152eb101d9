"""A text as shoppers see it, beside the form that searches read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from shared.compatible_form import MAX_MARKS
from shared.text.cleaning import clean, readable
from shared.text.letters import fold
from shared.text.words import marks

_REMEMBERED = 20_000  # letters with their marks
# These join the letter before them, and are no combining marks: half-width voiced sounds, and the
# vowels and finals of Hangul
_JOINING = "\uff9e\uff9f\u1160-\u11ff"


@dataclass(frozen=True, slots=True)
class AlignedText:
    """`shown` is one line without mark-up, and otherwise as sent. `folded` is clean and folded.

    `starts` and `ends` have the place in `shown` of each letter of `folded`; None if both texts
    have the same places.
    """

    shown: str
    folded: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    @classmethod
    def of(cls, text: str) -> AlignedText:
        """Align a text as it was sent, in linear time."""
        shown = readable(text)
        if shown.isascii():
            return cls(shown, shown.lower())
        folded: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for cluster in _clusters().finditer(shown):
            start, end = cluster.span()
            if cluster[0].isascii():
                folded.append(cluster[0].lower())
                starts += range(start, end)
                ends += range(start + 1, end + 1)
            else:
                letters = _folded(cluster[0])
                if "/" in letters and folded and folded[-1][-1:].isdigit():  # "1½"
                    letters = f" {letters}"
                folded.append(letters)
                starts += [start] * len(letters)
                ends += [end] * len(letters)
        return cls(shown, "".join(folded), starts, ends)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of `folded`, which is not empty, stands in `shown`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


@cache
def _clusters() -> re.Pattern[str]:
    """Runs of ASCII, and other letters with the marks that follow them."""
    joining = f"[{marks()}\u3099\u309a{_JOINING}]"
    return re.compile(rf"[\x00-\x7f]+(?!{joining})|.{joining}{{0,{MAX_MARKS}}}", re.DOTALL)


@lru_cache(_REMEMBERED)
def _folded(cluster: str) -> str:
    return fold(clean(cluster))
