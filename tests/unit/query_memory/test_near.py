from __future__ import annotations

import numpy as np
import pytest

from shared.query_memory.near import COLUMNS, likely_products, near_columns
from tests.unit.query_memory.memories import memory, vector


def column(name: str, asked: str, products: list[str], **opened: dict[str, float]) -> list[float]:
    known = memory({query.replace("_", " "): products for query, products in opened.items()})
    return [float(each) for each in near_columns(known, asked, None, products)[name]]


def test_a_query_learns_from_one_that_is_spelt_almost_alike() -> None:
    shares = column(
        "near_spelling_share_14d", "gears of wra", ["a", "b", "c"], gears_of_war={"a": 30, "b": 10}
    )
    assert shares[0] == pytest.approx(0.75, abs=0.03)
    assert shares[1] == pytest.approx(0.25, abs=0.03)
    assert shares[2] == 0.0


def test_the_query_itself_is_no_neighbour() -> None:
    assert column("near_spelling_share_14d", "kettle", ["a"], kettle={"a": 5}) == [0.0]


def test_the_further_a_neighbour_the_less_it_counts() -> None:
    opened = {"kettles": {"near": 10.0}, "kettle descaler": {"far": 10.0}}
    columns = near_columns(memory(opened), "kettle", None, ["near", "far"])
    near, far = columns["near_spelling_share_14d"]
    assert near > 1.5 * far > 0


def test_meaning_finds_what_shares_no_letter() -> None:
    vectors = {"sofa": vector(1, 0.1)}
    known = memory({"sofa": {"couch-1": 8.0}}, vectors)
    columns = near_columns(known, "settee", vector(1.0), ["couch-1", "other"])
    assert columns["near_meaning_share_14d"][0] > 0.5
    assert columns["near_meaning_share_14d"][1] == 0.0
    assert columns["near_spelling_share_14d"][0] == 0.0


def test_without_a_vector_or_with_another_encoders_meaning_is_silent() -> None:
    known = memory({"sofa": {"couch-1": 8.0}}, {"sofa": vector(1.0)})
    for given in (None, np.ones(7, np.float32)):
        columns = near_columns(known, "settee", given, ["couch-1"])
        assert columns["near_meaning_opens"].tolist() == [0.0]


def test_all_columns_are_there_even_if_nothing_is_near() -> None:
    columns = near_columns(memory({}), "anything", None, ["a", "b"])
    assert tuple(columns) == COLUMNS
    assert all(each.tolist() == [0.0, 0.0] for each in columns.values())


def test_recall_proposes_what_was_opened_under_the_query_and_near_ones() -> None:
    known = memory({"kettle": {"own": 9.0, "rare": 1.0}, "kettles": {"near": 9.0}, "lamp": {"far": 9.0}})
    found = likely_products(known, "kettle", None, 10)
    assert found[0] == "own"
    assert set(found) == {"own", "rare", "near"}
    assert likely_products(known, "kettle", None, 1) == ["own"]


def test_a_memory_that_does_not_know_itself_answers_as_if_the_query_were_new() -> None:
    from dataclasses import replace

    known = replace(memory({"kettle": {"own": 9.0}, "kettles": {"near": 9.0}}), knows_itself=False)
    assert likely_products(known, "kettle", None, 10) == ["near"]
