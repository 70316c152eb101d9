"""Which of a visitor's records affect other visitors' pages, and why the others do not.

See docs/decisions/evidence-not-floods.md.
"""

from dataclasses import dataclass

# Reasons. GetProgress, GetStatus and the metrics exporter report them.
WITHOUT_PAGE = "without_page"  # the event names no search that led to it
UNVERIFIED = "unverified_query_id"  # its query_id is not of a page of this visitor
PAGE_OF_NOBODY = "page_of_nobody"  # the page was made without a visitor_id
REPEATED = "repeated"  # the same visitor, day, product and action have been counted
TOO_MANY = "too_many"  # the visitor's limit of counted products for that day is reached
TOO_FAST = "too_fast"  # more interactions than a person makes
LATE = "late"  # it happened on a day that is no longer remembered


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """Limits for one visitor. Other limits give other features for the same log."""

    minute_interactions: int = 120
    day_interactions: int = 2_000
    # Counted products of interactions: each counts once for itself, and again under a query
    day_counted: int = 400
    day_shown: int = 1_000  # the same for pages
    # Whether pages made without a visitor_id count, and interactions that follow from them
    counts_nobody: bool = False
    # Whether events that name no page of their visitor count for their products
    counts_without_page: bool = False

    def forgives(self, reason: str) -> bool:
        """Whether these limits count a record despite this reason."""
        if reason == PAGE_OF_NOBODY:
            return self.counts_nobody
        return self.counts_without_page and reason in (WITHOUT_PAGE, UNVERIFIED)


LIMITS = EvidenceLimits()
