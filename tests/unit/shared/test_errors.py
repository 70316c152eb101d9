import pytest

from shared import errors
from shared.events.log import RecordsRefused


def test_an_invalid_request_starts_with_its_field() -> None:
    error = errors.InvalidRequest("page_size", "is 0; use 1 to 200")
    assert (str(error), error.field) == ("page_size: is 0; use 1 to 200", "page_size")


def test_more_words_leave_the_error_as_it_was_for_others_who_hold_it() -> None:
    refused = RecordsRefused("k", "is too large", ["is too large"])
    more = refused.extended("; send the rest again", handled_count="3")
    assert type(more) is RecordsRefused
    assert (str(more), more.field, more.outcomes) == (
        f"{refused}; send the rest again",
        refused.field,
        refused.outcomes,
    )
    assert more.reason == "is too large; send the rest again"
    assert more.metadata == {"handled_count": "3"} and not refused.metadata
    assert str(refused) == "record 'k': is too large"


@pytest.mark.parametrize("letter", ["x", "é", "\U0001d54f", "\ud800"])
def test_a_long_message_keeps_its_field_and_its_remedy(letter: str) -> None:
    told = errors.shortened(f"order_by: '{letter * 100_000}' is unknown; use one of: relevance, newest")
    assert told.startswith("order_by: '") and told.endswith("use one of: relevance, newest")
    assert len(told.encode()) < 1_100


def test_a_message_of_ordinary_length_stays_as_it_is() -> None:
    assert errors.shortened("order_by: 'é' is unknown") == "order_by: 'é' is unknown"
