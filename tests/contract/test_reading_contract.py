"""What a query asks for beside its words, over the wire and in one process."""

from aisle.v1.retrieval_pb2 import AnalyzeQueryRequest, RetrieveRequest
from aisle.v1.search_pb2 import AnyOf, Filter
from tests.contract.retrieval_doors import Door


async def test_what_a_query_asks_for_beside_its_words_is_read_unless_it_is_to_stand(door: Door) -> None:
    asked = AnalyzeQueryRequest(query="lamp -red under 15")
    read = await door.AnalyzeQuery(asked)
    assert (read.query, list(read.without), read.price.max) == ("lamp", ["red"], 15)
    assert [part.kind for part in read.reading] == ["without", "price"]
    asked.as_typed.append("all")
    assert (await door.AnalyzeQuery(asked)).query == asked.query


async def test_a_correction_that_no_product_has_with_the_other_words_is_offered(door: Door) -> None:
    asked = AnalyzeQueryRequest(query="mug lanp")
    read = await door.AnalyzeQuery(asked)
    assert (read.query, read.suggested_query, read.corrected) == ("mug lanp", "mug lamp", False)
    asked.as_typed.append("correction")
    assert not (await door.AnalyzeQuery(asked)).suggested_query


async def test_limits_of_a_query_hold_and_give_way_with_a_note(door: Door) -> None:
    everything = await door.Retrieve(RetrieveRequest(query="lamp"))
    limited = RetrieveRequest(query="lamp", without=["red"])
    found = await door.Retrieve(limited)
    assert set(found.product_ids) < set(everything.product_ids) and found.product_ids and not found.notes
    limited.price.max = 1
    held = await door.Retrieve(limited)
    assert held.product_ids == found.product_ids and any("up to 1" in note for note in held.notes)


async def test_words_that_no_result_has_are_named(door: Door) -> None:
    found = await door.Retrieve(RetrieveRequest(query="red qwrtzp"))
    assert list(found.relaxation.dropped_words) == ["qwrtzp"] and not found.relaxation.is_partial
    assert not (await door.Retrieve(RetrieveRequest(query="red lamp"))).HasField("relaxation")
    nobody = [Filter(field="brands", any_of=AnyOf(values=["Nobody"]))]
    nothing = (await door.Retrieve(RetrieveRequest(query="lamp", filters=nobody))).relaxation
    assert nothing.unfiltered_count == 2 and not nothing.near_category
