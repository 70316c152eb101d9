"""Whose page an event follows from, as its query_id says."""

import pytest

from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED
from services.gateway.signed_query_id import PageOwner, owner_of, signed
from shared.events.sqlite import SqliteEventLog
from shared.query_ids import new_query_id
from tests.unit.gateway.conftest import SIGNATURES
from tests.unit.gateway.events.test_event_service import click, stored_and_answer

OURS = new_query_id("shoe")


@pytest.mark.parametrize(
    ("query_id", "owner"),
    [
        (signed(OURS, "v1", SIGNATURES), PageOwner.VISITOR),
        (signed(OURS, "", SIGNATURES), PageOwner.NO_VISITOR),
        (signed(OURS, "v2", SIGNATURES), PageOwner.ANOTHER),
        (signed(OURS, "v1", SIGNATURES)[:-16], PageOwner.ANOTHER),
        (OURS, PageOwner.UNKNOWN),
        (new_query_id("shoe") + signed(OURS, "v1", SIGNATURES)[36:], PageOwner.UNKNOWN),
        (signed("", "v1", SIGNATURES).replace(".", ".A"), PageOwner.UNKNOWN),
    ],
    ids=["own", "nobody's", "another's", "without owner", "unsigned", "signed for another", "without a name"],
)
def test_a_query_id_says_whose_page_it_names(query_id: str, owner: PageOwner) -> None:
    assert owner_of(query_id, "v1", SIGNATURES) is owner


async def test_a_query_id_of_another_visitors_page_is_kept_apart_and_said_so(log: SqliteEventLog) -> None:
    event = click()
    event.query_id = taken = signed(new_query_id("shoe"), "v2", SIGNATURES)
    stored, ack = await stored_and_answer(log, event)
    assert (stored.query_id, stored.unverified_query_id) == ("", taken)
    assert (ack.status, ack.field) == (EVENT_STATUS_ACCEPTED, "query_id")
    assert ack.reason.startswith("was given for another visitor's page")


@pytest.mark.parametrize(("visitor_id", "is_nobodys"), [("", True), ("v1", False)])
async def test_a_page_for_nobody_is_marked_whatever_the_sender_says(
    log: SqliteEventLog, visitor_id: str, is_nobodys: bool
) -> None:
    event = click()
    event.query_id = signed(new_query_id("shoe"), visitor_id, SIGNATURES)
    event.page_of_nobody = not is_nobodys
    stored, ack = await stored_and_answer(log, event)
    assert (stored.query_id, stored.page_of_nobody, ack.field) == (event.query_id, is_nobodys, "")
