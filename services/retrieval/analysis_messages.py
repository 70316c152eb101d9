"""How a query was read, on the wire."""

from collections.abc import Sequence

import numpy as np

from aisle.v1.retrieval_pb2 import AnalyzeQueryResponse, RetrieveRequest
from aisle.v1.search_pb2 import QueryPart
from services.retrieval.filter_messages import filter_of
from services.retrieval.narrowing import Limits
from services.retrieval.reading import Part, Reading


def response(reading: Reading, encoder_version: str) -> AnalyzeQueryResponse:
    """The answer to AnalyzeQuery."""
    message = AnalyzeQueryResponse(
        query=reading.query,
        corrected=reading.corrected,
        encoder_version=encoder_version,
        shown_query=reading.shown,
        reading=parts(reading.parts),
        without=reading.limits.without,
        suggested_query=reading.suggested,
    )
    if reading.limits.price is not None:
        low, high = reading.limits.price
        if low > -np.inf:
            message.price.min = low
        if high < np.inf:
            message.price.max = high
    return message


def parts(found: Sequence[Part]) -> list[QueryPart]:
    """What parts of a query were taken for."""
    return [QueryPart(kind=part.kind, text=part.text, meaning=part.meaning) for part in found]


def limits(request: RetrieveRequest) -> Limits:
    """What a query was read to ask for. Raises InvalidRequest naming the field at fault."""
    filters = tuple(filter_of(each) for each in request.read_filters)
    if not request.HasField("price"):
        return Limits(tuple(request.without), filters=filters)
    low = request.price.min if request.price.HasField("min") else -np.inf
    high = request.price.max if request.price.HasField("max") else np.inf
    return Limits(tuple(request.without), (low, high), filters)
