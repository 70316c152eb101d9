"""Which of a visitor's records count for what others see, and why the rest does not.

See docs/decisions/evidence-not-floods.md.
"""

from dataclasses import dataclass

# Reasons. Part of what GetProgress, GetStatus and the exporter show.
WITHOUT_PAGE = "without_page"  # the event names no search that led to it
UNVERIFIED = "unverified_query_id"  # its query_id is not of a page of this visitor
PAGE_OF_NOBODY = "page_of_nobody"  # the page was made for no visitor in particular
REPEATED = "repeated"  # the same visitor, day, product and action have been counted
TOO_MANY = "too_many"  # the visitor has had as much counted as one may on that day
TOO_FAST = "too_fast"  # more interactions than a person makes
LATE = "late"  # it happened on a day that is no longer remembered


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """Of one visitor. The same log counted with other limits gives other features."""

    minute_interactions: int = 120
    day_interactions: int = 2_000
    # Counts of an interaction's products: each counts by itself, and again under a query
    day_counted: int = 400
    day_shown: int = 1_000  # the same of pages
    # Whether what follows from a page for no visitor in particular counts
    counts_nobody: bool = False
    # Whether events that name no page of their visitor's count for their products
    counts_without_page: bool = False

    def forgives(self, reason: str) -> bool:
        """Whether what would be left out for a reason counts all the same."""
        if reason == PAGE_OF_NOBODY:
            return self.counts_nobody
        return self.counts_without_page and reason in (WITHOUT_PAGE, UNVERIFIED)


LIMITS = EvidenceLimits()
