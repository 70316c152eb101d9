"""The places in a shop that show recommendations."""

from enum import StrEnum


class Placement(StrEnum):
    """A place that shows recommendations, by its name in requests."""

    SIMILAR = "similar"  # like the seeds
    ALSO_BOUGHT = "also_bought"  # in a basket with the seeds
    ALSO_VIEWED = "also_viewed"  # in a session with the seeds
    FOR_YOU = "for_you"  # for this visitor
    TRENDING = "trending"  # rising now
    POPULAR = "popular"
    NEW_ARRIVALS = "new_arrivals"
    RECENTLY_VIEWED = "recently_viewed"
