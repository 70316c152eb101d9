"""What is known of the visitor of a page of recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.features.counted_once import CountedOnce
from shared.features.page import StoredPage
from shared.features.visitor import UNKNOWN_VISITOR, VisitorState


@dataclass(frozen=True, slots=True)
class KnownVisitor:
    """The state of a request's visitor, and notes on why it is missing."""

    state: VisitorState = UNKNOWN_VISITOR
    notes: Sequence[str] = ()
    page: StoredPage | None = None  # None: nothing is stored, or it is missing

    def shown(self) -> CountedOnce:
        """What the visitor was shown lately."""
        return self.page.shown_to_visitor() if self.page else CountedOnce()
