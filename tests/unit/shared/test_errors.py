import grpc
import pytest

from shared import errors


@pytest.mark.parametrize("kind", [errors.NotFound, errors.SnapshotGone, errors.Corrupt, errors.Unavailable])
def test_an_error_survives_the_wire(kind: type[errors.AisleError]) -> None:
    again = errors.from_status(kind.status, "why")
    assert type(again) is kind
    assert str(again) == "why"


def test_a_full_queue_and_not_a_full_disk_is_what_a_client_backs_off_from() -> None:
    assert isinstance(errors.from_status(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy"), errors.Overloaded)


def test_a_passed_deadline_counts_as_unavailable() -> None:
    assert isinstance(errors.from_status(grpc.StatusCode.DEADLINE_EXCEEDED, "late"), errors.Unavailable)


def test_an_invalid_request_starts_with_its_field() -> None:
    error = errors.InvalidRequest("page_size", "is 0; use 1 to 200")
    assert (str(error), error.field) == ("page_size: is 0; use 1 to 200", "page_size")
    assert str(errors.from_status(error.status, str(error))) == str(error)


def test_an_unknown_status_is_still_an_aisle_error() -> None:
    assert type(errors.from_status(grpc.StatusCode.UNKNOWN, "?")) is errors.AisleError


@pytest.mark.parametrize("letter", ["x", "é", "\U0001d54f", "\ud800"])
def test_a_long_message_keeps_its_field_and_its_remedy(letter: str) -> None:
    told = errors.shortened(f"order_by: '{letter * 100_000}' is unknown; use one of: relevance, newest")
    assert told.startswith("order_by: '") and told.endswith("use one of: relevance, newest")
    assert len(told.encode()) < 1_100


def test_a_message_of_ordinary_length_stays_as_it_is() -> None:
    assert errors.shortened("order_by: 'é' is unknown") == "order_by: 'é' is unknown"
