"""Filters with times as the numbers that retrieval compares."""

from __future__ import annotations

from aisle.v1.search_pb2 import Filter, FilterGroup
from services.gateway.filters import names, times


def plain(filter_: Filter) -> Filter:
    """The filter without texts of times. Raises ValueError for a text that is not a time."""
    condition = filter_.WhichOneof("condition")
    if condition in ("all_filters", "any_filter"):
        found = Filter(negate=filter_.negate)
        group: FilterGroup = getattr(found, condition)
        group.filters.extend(plain(each) for each in getattr(filter_, condition).filters)
        return found
    if condition == "time_range":
        low, high = (
            getattr(filter_.time_range, end) if filter_.time_range.HasField(end) else None
            for end in ("min", "max")
        )
        return Filter(field=filter_.field, range=times.within(low, high), negate=filter_.negate)
    return of_values(filter_)


def of_values(filter_: Filter) -> Filter:
    """The filter, with ranges in place of the values of a field of times. Raises ValueError."""
    if filter_.WhichOneof("condition") != "any_of" or not names.has_times(filter_.field):
        return filter_
    spans = [times.within(value, value) for value in filter_.any_of.values]
    parts = [Filter(field=filter_.field, range=span) for span in spans]
    if len(parts) == 1:
        parts[0].negate = filter_.negate
        return parts[0]
    return Filter(any_filter=FilterGroup(filters=parts), negate=filter_.negate)
