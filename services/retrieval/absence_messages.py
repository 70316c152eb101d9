"""Accounts of products that are not in a ranked window, as they are asked for and sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aisle.v1.retrieval_pb2 import AccountForRequest, AccountForResponse, HeldWords
from aisle.v1.search_pb2 import Absence as AbsenceMessage
from aisle.v1.search_pb2 import AbsenceReason, Filter
from services.retrieval.absences import MOST, Absence, Accounts
from services.retrieval.filter_messages import MAX_READ_DEPTH, filter_of
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.caller import Caller
from shared.errors import InvalidRequest


def accounted(
    snapshot: Snapshot, retriever: Retriever, wanted: Request, request: AccountForRequest, caller: Caller
) -> AccountForResponse:
    """The answer to AccountFor. Raises InvalidRequest naming the field at fault, and CallerLeft."""
    if len(request.product_ids) > MOST:
        reason = f"has {len(request.product_ids)} entries; send at most {MOST}"
        raise InvalidRequest("product_ids", reason)
    filters = [part for each in request.retrieve.filters for part in _parts(each)]
    wanted = replace(wanted, filters=tuple(filter_of(each) for each in filters))
    accounts = Accounts.of(retriever, snapshot, wanted, caller)
    response = AccountForResponse()
    for product_id in request.product_ids:
        caller.check()
        found = accounts.account(product_id)
        response.absences.append(_message(product_id, found, filters))
        response.held.append(HeldWords(words=found.held))
    return response


def _parts(filter_: Filter, depth: int = 0) -> Iterator[Filter]:
    """The filters that must all hold for one to hold."""
    if filter_.WhichOneof("condition") != "all_filters" or filter_.negate or depth > MAX_READ_DEPTH:
        yield filter_
        return
    for each in filter_.all_filters.filters:
        yield from _parts(each, depth + 1)


def _message(product_id: str, absence: Absence, filters: Sequence[Filter]) -> AbsenceMessage:
    return AbsenceMessage(
        product_id=product_id,
        reason=AbsenceReason.Value(f"ABSENCE_REASON_{absence.reason.name}"),
        filters=[filters[place] for place in absence.filters],
        words=absence.words,
        shown_product_id=absence.shown_product_id,
        position=absence.place,
    )
