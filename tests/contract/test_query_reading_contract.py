"""What a language model is told of a catalogue, and the filters that it reads, against retrieval."""

from aisle.v1.retrieval_pb2 import RetrieveRequest
from services.gateway.filters.where import parsed
from services.gateway.query_reading.catalog_terms import gathered
from services.gateway.query_reading.prompt import messages
from tests.contract.retrieval_doors import Door


async def test_a_model_is_told_what_the_catalogue_can_be_filtered_by(door: Door) -> None:
    terms = await gathered(door)  # type: ignore[arg-type]  # lists no candidates
    assert set(terms.values["brands"]) == {"Lux", "Hob"} and terms.values["attributes.color"] == ["red"]
    assert {"price", "rating", "brands", "attributes.color", "availability"} <= terms.fields
    system, user = messages("red lamp", "en", terms)
    assert '"Lux"' in system["content"] and user["content"] == '{"query": "red lamp", "language": "en"}'


async def test_filters_that_were_read_hold_and_give_way_with_a_note(door: Door) -> None:
    wanted = RetrieveRequest(query="lamp", read_filters=parsed("brands:Lux AND price:..15"))
    found = await door.Retrieve(wanted)
    assert list(found.product_ids) == ["a"] and not found.notes
    wanted.read_filters.extend(parsed("attributes.color:green"))
    held = await door.Retrieve(wanted)
    assert list(held.product_ids) == ["a"]
    assert any("as the model read it by attributes.color" in note for note in held.notes)
