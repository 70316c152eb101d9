"""Limits of filters and facets that the gateway and retrieval both check.

docs/decisions/limits-are-checked-on-both-sides.md says why both do.
"""

MAX_FILTER_VALUES = 1_000  # of one any_of
MAX_DEPTH = 8  # levels of groups, or of brackets, in a request
DEFAULT_FACET_LIMIT = 10  # values of a facet that names no limit
MAX_FACET_LIMIT = 1_000
MAX_RANGES = 100  # of one facet
