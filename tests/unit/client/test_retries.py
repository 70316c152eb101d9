"""Which failures are tried again, when, and as which errors they end."""

import socket
import time
from typing import Any

import grpc
import pytest

from aisle import client as errors_of_client
from aisle.client import (
    DeadlineExceeded,
    FieldViolation,
    InvalidRequest,
    Overloaded,
    RetryPolicy,
    Unavailable,
)
from aisle.client.errors import from_call
from aisle.client.retries import Tries
from aisle.v1.catalog_pb2 import Product
from shared import errors
from tests.unit.client.conftest import Engine
from tests.unit.client.test_calls import products
from tests.unit.shared.rpc.test_errors import Failed

QUICK = RetryPolicy(max_tries=3, first_pause_seconds=0.01)


def overloaded(retry_after_ms: int) -> errors.Overloaded:
    error = errors.Overloaded("busy")
    error.retry_after_ms = retry_after_ms
    return error


def test_a_refused_call_comes_back_when_the_engine_says(client: Any, engine: Engine) -> None:
    engine.failures.append(overloaded(300))
    began = time.monotonic()
    assert client.search("shoes").results
    assert 0.3 <= time.monotonic() - began < 5
    assert len(engine.requests) == 2


def test_no_call_is_made_more_often_than_allowed(connect: Any, engine: Engine) -> None:
    engine.failures.extend(overloaded(5) for _ in range(9))
    with pytest.raises(Overloaded) as caught:
        connect(retry_policy=QUICK).search("shoes")
    assert len(engine.requests) == 3
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("OVERLOADED", 0.005)
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_pause_that_the_callers_time_does_not_allow_is_not_begun(client: Any, engine: Engine) -> None:
    engine.failures.append(overloaded(10_000))
    began = time.monotonic()
    with pytest.raises(Overloaded):
        client.search("shoes", timeout_seconds=2)
    assert time.monotonic() - began < 1.5
    assert len(engine.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        errors.StorageFull("full"),
        errors.NotFound("gone"),
        errors.Corrupt("x"),
        errors.AisleError("x"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    client: Any,
    engine: Engine,
    error: errors.AisleError,
) -> None:
    engine.failures.append(error)
    kind = getattr(errors_of_client, type(error).__name__, errors_of_client.AisleError)
    with pytest.raises(kind, match=str(error)) as caught:
        client.get_product("p")
    assert type(caught.value) is kind and caught.value.retry_after_seconds is None
    assert len(engine.requests) == 1


def test_an_invalid_request_names_its_fields(client: Any, engine: Engine) -> None:
    engine.failures.append(errors.InvalidRequest("page_size", "1000 is too large; ask for 1 to 200 a page"))
    with pytest.raises(InvalidRequest, match="page_size: 1000 is too large") as caught:
        client.search("shoes", page_size=1_000)
    [violation] = caught.value.field_violations
    assert violation == FieldViolation("page_size", "1000 is too large; ask for 1 to 200 a page")


def test_writes_are_tried_again_whole(connect: Any, engine: Engine) -> None:
    engine.failures.extend(
        [errors.Unavailable("late").extended("; 1 handled", handled_count="1"), overloaded(1)]
    )
    result = connect(retry_policy=QUICK).upsert(products(3))
    assert [len(each) for each in engine.requests] == [3, 3, 3]
    assert result.accepted_count == 3


def test_a_page_that_does_not_come_is_a_passed_deadline(connect: Any) -> None:
    """Connections are taken, and nothing is said."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises((DeadlineExceeded, Unavailable)),
    ):
        connect(address=f"127.0.0.1:{silent.getsockname()[1]}").search("shoes", timeout_seconds=0.3)


def tries() -> Tries:
    return Tries(RetryPolicy(max_tries=9, first_pause_seconds=1, longest_pause_seconds=4), None)


def test_pauses_double_up_to_the_longest() -> None:
    failed = Failed(grpc.StatusCode.UNAVAILABLE, "down")
    ours = tries()
    pauses = [ours.pause_seconds(failed) for _ in range(5)]
    for pause, least in zip(pauses, [1, 2, 4, 4, 4], strict=True):
        assert least <= pause <= 1.2 * least


def test_a_call_that_came_further_begins_to_count_again() -> None:
    failed = Failed(grpc.StatusCode.UNAVAILABLE, "down")
    ours = tries()
    ours.pause_seconds(failed)
    ours.progressed()
    assert ours.pause_seconds(failed) < 1.3


@pytest.mark.parametrize(
    ("code", "header", "again"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "250", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", False),  # gRPC's own: the message is too large
        (grpc.StatusCode.UNAVAILABLE, "", True),
        (grpc.StatusCode.UNAVAILABLE, "-1", False),
        (grpc.StatusCode.INTERNAL, "", False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", False),
    ],
)
def test_without_details_the_code_and_grpcs_header_decide(
    code: grpc.StatusCode, header: str, again: bool
) -> None:
    failed = Failed(code, "", (("grpc-retry-pushback-ms", header),) if header else ())
    if again:
        assert tries().pause_seconds(failed) >= 0.25
    else:
        with pytest.raises(errors_of_client.AisleError) as caught:
            tries().pause_seconds(failed)
        assert caught.value.code is code


def test_an_error_without_words_says_its_code() -> None:
    assert str(from_call(Failed(grpc.StatusCode.CANCELLED))) == "CANCELLED"


@pytest.mark.parametrize(
    "options", [{"max_tries": 0}, {"first_pause_seconds": -1.0}, {"first_pause_seconds": 9.0}]
)
def test_a_policy_that_makes_no_sense_is_refused(options: Any) -> None:
    with pytest.raises(ValueError):
        RetryPolicy(**options)


def test_an_upsert_that_is_refused_while_it_is_sent_says_why(connect: Any, engine: Engine) -> None:
    engine.refuses_streams = True
    client = connect(retry_policy=RetryPolicy(max_tries=1))
    for _ in range(20):
        with pytest.raises(InvalidRequest, match="refused at once"):
            client.upsert(Product(product_id="p", title="t", description="x" * 10_000) for _ in range(300))
