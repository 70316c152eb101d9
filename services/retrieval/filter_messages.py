"""Filters as they are sent."""

import numpy as np

from aisle.v1 import search_pb2
from services.retrieval.filters import MAX_VALUES, AnyOf, Between, Exists, Filter
from shared.errors import InvalidRequest


def filter_of(message: search_pb2.Filter) -> Filter:
    """The condition. Raises InvalidRequest naming the field at fault."""
    match message.WhichOneof("condition"):
        case "any_of":
            return Filter(message.field, AnyOf(_values(message)), message.negate)
        case "range":
            span = message.range
            low = span.min if span.HasField("min") else -np.inf
            return Filter(
                message.field,
                Between(low, span.max if span.HasField("max") else np.inf),
                message.negate,
            )
        case "exists":
            return Filter(message.field, Exists(message.exists), message.negate)
        case _:
            raise InvalidRequest("filters.condition", f"{message.field} needs any_of, range or exists")


def _values(message: search_pb2.Filter) -> tuple[str, ...]:
    values = tuple(message.any_of.values)
    if not 1 <= len(values) <= MAX_VALUES:
        raise InvalidRequest(
            "filters.any_of", f"{message.field} has {len(values)} values; send 1 to {MAX_VALUES:,}"
        )
    return values
