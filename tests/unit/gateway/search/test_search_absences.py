from aisle.v1.search_pb2 import AbsenceReason, SearchResponse
from shared.errors import SnapshotGone
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.shoes import ids, shoes

WANTED = ["p0", "p48", "behind", "variant", "hat", "nobody"]


def said(page: SearchResponse) -> list[tuple[str, str, int, str]]:
    return [
        (
            each.product_id,
            AbsenceReason.Name(each.reason).removeprefix("ABSENCE_REASON_"),
            each.position,
            each.sentence,
        )
        for each in page.absences
    ]


async def test_each_product_is_accounted_for_in_the_order_of_the_request(gateway: Gateway) -> None:
    page = await gateway.search.Search(shoes(why_not=WANTED))
    assert said(page) == [
        ("p0", "OTHER_PAGE", 50, "It matches, at place 50, page 17."),
        ("p48", "ON_PAGE", 2, "It is on this page, at place 2."),
        ("behind", "OTHER_PAGE", 57, "It matches, at place 57, page 19."),
        ("variant", "OTHER_VARIANT", 2, "It matches, but its variant 'p48' is shown, at place 2, page 1."),
        ("hat", "MISSING_WORDS", 0, "It holds 1 of the query's 2 words, and lacks 'shoe'."),
        (
            "nobody",
            "UNKNOWN",
            0,
            "No product has this id; it was never written, or was removed some time ago.",
        ),
    ]
    assert not page.served_by.degraded and "why_not" in page.served_by.stage_ms


async def test_retrieval_is_asked_about_what_the_window_does_not_have(gateway: Gateway) -> None:
    await gateway.search.Search(shoes(why_not=WANTED, order_by="price asc"))
    [asked] = gateway.retrieval.accounts
    assert list(asked.product_ids) == WANTED[2:]
    assert (asked.retrieve.query, asked.retrieve.order_by) == ("shoe", "price asc")
    assert len(asked.retrieve.exclude_product_ids) == 50


async def test_nothing_is_asked_without_need(gateway: Gateway) -> None:
    await gateway.search.Search(shoes())
    page = await gateway.search.Search(shoes(why_not=["p49", "p49"]))
    assert [each.product_id for each in page.absences] == ["p49"]
    assert not gateway.retrieval.accounts


async def test_a_later_page_accounts_for_products_too(gateway: Gateway) -> None:
    first = await gateway.search.Search(shoes())
    second = await gateway.search.Search(shoes(page_token=first.next_page_token, why_not=[ids(first)[0]]))
    assert [each[1:3] for each in said(second)] == [("OTHER_PAGE", 1)]


async def test_a_page_comes_even_if_retrieval_cannot_say(gateway: Gateway) -> None:
    for error in (ValueError("broken"), SnapshotGone("e1 is gone")):
        gateway.retrieval.account_error = error
        page = await gateway.search.Search(shoes(why_not=["nobody"]))
        assert len(page.results) == 3 and not page.absences
        [note] = page.served_by.degraded
        assert note.startswith("why_not: ")
