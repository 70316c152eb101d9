"""An error is the same on both sides of the wire."""

from dataclasses import dataclass
from typing import Any

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from aisle.error_details import DETAILS_KEY, PUSHBACK_KEY
from shared import errors
from shared.errors import AisleError, InvalidRequest, Overloaded, Unavailable
from shared.events.log import RecordsRefused
from shared.rpc.errors import from_call, to_status


@dataclass
class Failed:
    """A call that ended with a status."""

    status: StatusCode
    message: str = ""
    trailing: Any = ()

    def code(self) -> StatusCode:
        return self.status

    def details(self) -> str:
        return self.message

    def trailing_metadata(self) -> Any:
        return self.trailing


def sent(error: AisleError) -> Failed:
    return Failed(*to_status(error))


def details(error: AisleError) -> Status:
    return Status.FromString(dict(sent(error).trailing)[DETAILS_KEY])


def detail(error: AisleError, kind: Any) -> Any:
    found = kind()
    assert any(packed.Unpack(found) for packed in details(error).details)
    return found


CODES = {
    errors.AisleError: StatusCode.INTERNAL,
    errors.InvalidRequest: StatusCode.INVALID_ARGUMENT,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.SnapshotGone: StatusCode.FAILED_PRECONDITION,
    errors.Corrupt: StatusCode.DATA_LOSS,
    errors.LogBehind: StatusCode.DATA_LOSS,
    errors.StorageFull: StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: StatusCode.UNAVAILABLE,
    errors.Overloaded: StatusCode.RESOURCE_EXHAUSTED,
}


def test_every_class_of_errors_has_a_code() -> None:
    found = set()
    waiting = [AisleError]
    while waiting:
        kind = waiting.pop()
        found |= {kind} if kind.__module__ == errors.__name__ else set()
        waiting += kind.__subclasses__()
    assert found == set(CODES)


@pytest.mark.parametrize("kind", CODES)
def test_an_error_comes_back_as_its_class(kind: type[AisleError]) -> None:
    error = kind("why")
    assert sent(error).code() is CODES[kind]
    again = from_call(sent(error))
    assert type(again) is kind
    assert (str(again), again.retry_after_ms, again.metadata) == ("why", None, {})


@pytest.mark.parametrize("kind", CODES)
def test_the_details_have_the_reason_and_agree_with_code_and_message(
    kind: type[AisleError],
) -> None:
    status = details(kind("why"))
    assert (status.code, status.message) == (CODES[kind].value[0], "why")
    info = detail(kind("why"), ErrorInfo)
    assert info.domain == "aisle" and info.reason.isupper()


@pytest.mark.parametrize("reason", ["is 0; use 1 to 200", "", "x" * 5_000])
def test_an_invalid_request_keeps_its_field_apart(reason: str) -> None:
    error = InvalidRequest("page_size", reason)
    again = from_call(sent(error))
    assert isinstance(again, InvalidRequest)
    assert (str(again), again.field) == (errors.shortened(str(error)), "page_size")
    assert again.reason == errors.shortened(reason)
    [violation] = detail(error, BadRequest).field_violations
    assert (violation.field, violation.description) == ("page_size", errors.shortened(reason))


def test_a_pause_that_is_known_is_told_to_grpc_too() -> None:
    error = Overloaded("busy")
    assert PUSHBACK_KEY not in dict(sent(error).trailing)
    assert detail(error, RetryInfo).retry_delay.ToMilliseconds() > 0
    error.retry_after_ms = 1_250
    assert dict(sent(error).trailing)[PUSHBACK_KEY] == "1250"
    assert detail(error, RetryInfo).retry_delay.ToMilliseconds() == 1_250
    assert from_call(sent(error)).retry_after_ms == 1_250


def test_metadata_comes_back() -> None:
    error = Unavailable("late").extended("; 3 handled", handled_count="3")
    again = from_call(sent(error))
    assert (str(again), again.metadata) == ("late; 3 handled", {"handled_count": "3"})
    assert len(details(error).details) == 2  # ErrorInfo, RetryInfo


def test_a_class_that_the_wire_does_not_know_travels_as_its_base() -> None:
    again = from_call(sent(RecordsRefused("k", "is too large", [])))
    assert type(again) is InvalidRequest
    assert again.field == "record 'k'"


@pytest.mark.parametrize("message", ["x" * 100_000, "\U0001d54f" * 100_000, "\ud800"])
def test_a_status_fits_into_a_header_whatever_was_sent(message: str) -> None:
    code, told, trailing = to_status(InvalidRequest(message, message))
    size = 3 * len(told.encode(errors="replace")) + sum(len(value) * 4 / 3 for _, value in trailing)
    assert code is StatusCode.INVALID_ARGUMENT and size < 7_500


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (StatusCode.RESOURCE_EXHAUSTED, Overloaded),
        (StatusCode.DEADLINE_EXCEEDED, Unavailable),
        (StatusCode.DATA_LOSS, errors.Corrupt),
        (StatusCode.UNKNOWN, AisleError),
    ],
)
@pytest.mark.parametrize("trailing", [None, (), ((DETAILS_KEY, b"\xff"),), (("other", "x"),)])
def test_without_details_the_code_decides(
    code: StatusCode,
    kind: type[AisleError],
    trailing: Any,
) -> None:
    assert type(from_call(Failed(code, "why", trailing))) is kind


def test_details_of_somebody_else_say_nothing_about_the_class() -> None:
    status = Status()
    status.details.add().Pack(ErrorInfo(reason="NOT_FOUND", domain="elsewhere"))
    failed = Failed(StatusCode.UNAVAILABLE, "why", ((DETAILS_KEY, status.SerializeToString()),))
    assert type(from_call(failed)) is Unavailable
