"""Counts the parts of a protobuf message before it is parsed.

An empty submessage takes two bytes on the wire and a hundred or more in memory. So a message of
legal size can become gigabytes. The count stops at a limit, and skips values that cannot grow, such
as long texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

# Number of a field whose value is a message -> that message's descriptor
Schema = Mapping[int, Any]

_VARINT = 0
_LENGTH = 2
_WIDTHS = {1: 8, 5: 4, 3: 0, 4: 0}  # 3 and 4 begin and end a group; no message of ours has one
_LEAF_BYTES = 64 << 10  # a message without submessages is inspected only if it is longer


def has_more_parts(data: bytes, descriptor: Any, limit: int) -> bool:
    """Whether a message of that type has more than `limit` parts.

    Returns False for bytes that are not such a message.
    """
    if len(data) <= 2 * limit:  # the smallest part has two bytes
        return False
    try:
        return _counted(data, descriptor, limit) > limit
    except (LookupError, ValueError):
        return False  # the parser reports the fault


@cache
def _messages_in(descriptor: Any) -> Schema:
    return {field.number: field.message_type for field in descriptor.fields if field.message_type is not None}


def _counted(data: bytes, descriptor: Any, limit: int) -> int:
    """Parts, up to the first beyond `limit`."""
    count = 0
    at = 0
    around: list[tuple[int, Schema]] = []
    end = len(data)
    schema = _messages_in(descriptor)
    while count <= limit:
        while at >= end:
            if not around:
                return count
            end, schema = around.pop()
        count += 1
        tag, at = _varint(data, at)
        if tag & 7 != _LENGTH:
            at = _after(data, at, tag & 7)
            continue
        length, at = _varint(data, at)
        inner = schema.get(tag >> 3)
        if inner is not None and (_messages_in(inner) or length > _LEAF_BYTES):
            around.append((end, schema))
            end = at + length
            schema = _messages_in(inner)
        else:
            at += length
    return count


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value = byte & 127
    shift = 7
    for place in range(at + 1, at + 10):
        byte = data[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
    raise ValueError("no varint")


def _after(data: bytes, at: int, kind: int) -> int:
    """The position after a value without a length of its own.

    Raises KeyError for an unknown wire type.
    """
    return _varint(data, at)[1] if kind == _VARINT else at + _WIDTHS[kind]
