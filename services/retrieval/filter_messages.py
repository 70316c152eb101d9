"""Filters and facets as they are sent."""

import numpy as np

from aisle.v1 import search_pb2
from services.retrieval.facets import Facet, FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter, Group, Tree
from shared.catalog.filter_limits import MAX_DEPTH, MAX_FILTER_VALUES
from shared.errors import InvalidRequest

# Levels of groups: a gateway turns several days into a group, which adds one. Another is to spare
MAX_READ_DEPTH = MAX_DEPTH + 2


def filter_of(message: search_pb2.Filter, depth: int = 0) -> Tree:
    """The filter. Raises InvalidRequest naming the field at fault."""
    match message.WhichOneof("condition"):
        case "any_of":
            return Filter(message.field, AnyOf(_values(message)), message.negate)
        case "range":
            return Filter(message.field, range_of(message.range), message.negate)
        case "exists":
            return Filter(message.field, Exists(message.exists), message.negate)
        case "all_filters":
            return Group(_parts(message.all_filters, depth), every=True, negate=message.negate)
        case "any_filter":
            return Group(_parts(message.any_filter, depth), every=False, negate=message.negate)
        case _:
            raise InvalidRequest("filters.condition", f"{message.field} needs any_of, range or exists")


def _parts(group: search_pb2.FilterGroup, depth: int) -> tuple[Tree, ...]:
    if depth >= MAX_READ_DEPTH or not group.filters:
        raise InvalidRequest("filters", f"a group needs 1 filter or more, up to {MAX_READ_DEPTH} levels deep")
    return tuple(filter_of(each, depth + 1) for each in group.filters)


def range_of(message: search_pb2.NumberRange) -> Between:
    """The range; an absent end is infinite."""
    return Between(
        message.min if message.HasField("min") else -np.inf,
        message.max if message.HasField("max") else np.inf,
        message.min_exclusive,
        message.max_exclusive,
    )


def facet_request_of(message: search_pb2.FacetRequest) -> FacetRequest:
    """The request for a facet. Raises InvalidRequest naming the field at fault."""
    return FacetRequest(
        message.field,
        message.limit,
        message.keep_own_filter,
        message.parent if message.HasField("parent") else None,
        message.query,
        tuple(range_of(each) for each in message.ranges),
        message.range_count,
    )


def facet_message(facet: Facet) -> search_pb2.Facet:
    """A facet as it is sent."""
    message = search_pb2.Facet(field=facet.field)
    message.values.extend(search_pb2.FacetValue(value=value, count=count) for value, count in facet.values)
    if facet.range:
        message.range.min, message.range.max = facet.range
    for wanted, count in facet.ranges:
        message.ranges.add(range=_range_message(wanted), count=count)
    return message


def _range_message(wanted: Between) -> search_pb2.NumberRange:
    return search_pb2.NumberRange(
        min=None if wanted.low == -np.inf else wanted.low,
        max=None if wanted.high == np.inf else wanted.high,
        min_exclusive=wanted.without_low,
        max_exclusive=wanted.without_high,
    )


def _values(message: search_pb2.Filter) -> tuple[str, ...]:
    values = tuple(message.any_of.values)
    if not 1 <= len(values) <= MAX_FILTER_VALUES:
        raise InvalidRequest(
            "filters.any_of", f"{message.field} has {len(values)} values; send 1 to {MAX_FILTER_VALUES:,}"
        )
    return values
