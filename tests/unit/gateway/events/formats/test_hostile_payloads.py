"""Whatever a payload holds, it is answered."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.event_format import Rejected, Skipped
from services.gateway.events.formats.reading import FORMATS, read
from tests.unit.gateway.events.formats.samples import PAYLOADS, rejected


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"inputConfig": value}
    return value


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        float("nan"),
        1 << 4000,
        -1,
        1.5,
        "\ud800",
        "a\x00b",
        "x" * 1_000_000,
        [],
        [[]],
        [{"a": {}}],
        {},
        {"": None},
        nested(900),
    ],
)
def test_whatever_stands_in_a_field_is_answered(name: str, value: Any) -> None:
    for field in PAYLOADS[name]:
        for outcome in read({**PAYLOADS[name], field: value}, FORMATS[name]):
            if isinstance(outcome, Rejected):
                assert outcome.reason and f"{outcome.field}{outcome.reason}".isprintable()
            elif isinstance(outcome, UserEvent):
                assert outcome.SerializeToString()


@pytest.mark.parametrize("value", [None, 5, "x", [1], {"events": [None]}, nested(5_000), [[[]]]])
def test_what_is_no_object_is_rejected(value: Any) -> None:
    assert rejected(value).reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WORDS = sorted({field for payload in PAYLOADS.values() for field in payload} | {"timestamp", "fields"})


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(WORDS), JSON, max_size=8), st.sampled_from(sorted(PAYLOADS)))
def test_no_payload_raises(changes: dict[str, Any], name: str) -> None:
    for outcome in read({**PAYLOADS[name], **changes}, FORMATS[name]):
        assert isinstance(outcome, UserEvent | Skipped | Rejected)
