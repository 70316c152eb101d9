import time
import uuid

import pytest

from shared.query_ids import hash_in, new_query_id, query_hash


def test_query_ids_are_unique_version_8_and_sort_by_time() -> None:
    first = [new_query_id("shoe") for _ in range(1_000)]
    time.sleep(0.002)
    later = new_query_id("another")
    assert len(set(first)) == 1_000
    assert max(first)[:13] < later[:13]  # the time; what is behind it says which query
    parsed = uuid.UUID(later)
    assert (parsed.version, parsed.variant) == (8, uuid.RFC_4122)
    assert abs((parsed.int >> 80) / 1000 - time.time()) < 5


@pytest.mark.parametrize("query", ["shoe", "trail running shoe", "Schuhgröße 43", "\U0001f45f", "x" * 1_000])
def test_a_query_id_says_which_query_was_searched(query: str) -> None:
    assert hash_in(new_query_id(query)) == query_hash(query) != 0


def test_a_signature_behind_a_query_id_is_not_read() -> None:
    assert hash_in(f"{new_query_id('shoe')}.a-signature") == query_hash("shoe")


def test_case_space_and_forms_of_letters_make_no_other_query() -> None:
    assert (
        len(
            {
                query_hash(query)
                for query in ("Red shoe", " red  SHOE ", "red\tshoe", "\uff52\uff45\uff44 shoe")
            }
        )
        == 1
    )
    assert query_hash("straße") == query_hash("STRASSE")
    assert query_hash("red shoe") != query_hash("shoe red")


def test_browsing_is_no_query() -> None:
    assert (query_hash(""), query_hash(" \t"), hash_in(new_query_id(""))) == (0, 0, 0)


def test_a_hash_fits_into_its_bits_and_differs_between_queries() -> None:
    hashes = {query_hash(f"query {number}") for number in range(20_000)}
    assert len(hashes) == 20_000
    assert max(hashes) < 2**42


@pytest.mark.parametrize("text", ["", "q1", "018f2f9e-7c3b-7abc-8def-0123456789ab", "x" * 128, "ü"])
def test_a_name_of_another_kind_says_nothing(text: str) -> None:
    assert hash_in(text) == 0
