"""What of a model's answer is used."""

import json

import pytest

from aisle.v1.search_pb2 import SearchRequest
from services.gateway.query_reading.model_reading import AS_TYPED, ModelReading, Unusable, read_answer

FIELDS = ("brands", "price", "attributes.color")
TYPED = "a lamp by lux under fifty"


def read(answer: object) -> ModelReading:
    return read_answer(answer if isinstance(answer, str) else json.dumps(answer), TYPED, FIELDS)


def test_words_and_filters_are_read() -> None:
    found = read({"words": " Lamp  ", "where": "brands:Lux AND (price:..50 OR attributes.color:red)"})
    assert found.words == "Lamp" and [each.field for each in found.filters] == ["brands", ""]
    assert found.asked(SearchRequest(query=TYPED, page_size=3)) == SearchRequest(query="Lamp", page_size=3)
    assert found.part(TYPED).meaning == "Lamp; brands:Lux AND (price:..50 OR attributes.color:red)"
    assert found.part(TYPED).kind == "model" and found.part(TYPED).text == TYPED


@pytest.mark.parametrize(
    "answer",
    [{}, {"words": TYPED}, {"words": "", "where": " "}, {"words": "?!"}, '```json\n{"words": ""}\n```'],
)
def test_an_answer_that_says_nothing_leaves_the_query(answer: object) -> None:
    assert read(answer) is AS_TYPED and not AS_TYPED


def test_filters_without_words_keep_those_that_were_typed() -> None:
    assert read({"where": "price:..50"}).words == TYPED


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot help with that.",
        "[]",
        "null",
        "[" * 50_000,
        {"words": "lamp", "sql": "drop table"},
        {"words": ["lamp"]},
        {"words": "x" * 1_001},
        {"where": "x" * 1_001},
        {"where": "brands:Lux AND"},
        {"where": "price:cheap"},
        {"where": "expire_time:.."},
        {"where": "available_time:..2030-01-01"},  # a field that was not offered
        {"where": "NOT (brands:Lux OR product_id:p1)"},
        {"where": " AND ".join(["brands:Lux"] * 21)},
        {"where": "(" * 20 + "brands:Lux" + ")" * 20},
    ],
)
def test_any_other_answer_is_unusable(answer: object) -> None:
    with pytest.raises(Unusable):
        read(answer)


def test_a_reading_knows_about_how_large_it_is() -> None:
    assert read({"words": "lamp " * 100}).size_bytes > read({"words": "lamp"}).size_bytes > 0
