"""The products of a page as bytes, column by column, so that an export copies without parsing."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan

_SIZES = struct.Struct("<II")  # products, features
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True)
class ShownProducts:
    """Columns of equal length; `features` has one row per product, all of equal length."""

    product_ids: list[str] = field(default_factory=list)
    positions: array[int] = field(default_factory=lambda: array("i"))
    scores: array[float] = field(default_factory=lambda: array("d"))
    propensities: array[float] = field(default_factory=lambda: array("f"))  # NaN: not drawn at random
    features: array[float] = field(default_factory=lambda: array("f"))

    def add(
        self, product_id: str, position: int, score: float, propensity: float | None, values: Sequence[float]
    ) -> None:
        """Add a product."""
        self.product_ids.append(product_id)
        self.positions.append(position)
        self.scores.append(score)
        self.propensities.append(nan if propensity is None else propensity)
        self.features.extend(values)


def pack(shown: ShownProducts) -> bytes:
    """The bytes of a page's products. Raises ValueError if the numbers of features differ."""
    count = len(shown.product_ids)
    width, rest = divmod(len(shown.features), count) if count else (0, 0)
    if rest:
        raise ValueError("products have different numbers of features")
    columns = (shown.positions, shown.scores, shown.propensities, shown.features)
    names = _SEPARATOR.join(shown.product_ids).encode()
    return b"".join((_SIZES.pack(count, width), *(column.tobytes() for column in columns), names))


@dataclass(frozen=True, slots=True)
class Packed:
    """The parts of a page's body, without copying."""

    count: int
    width: int
    positions: memoryview  # int32
    scores: memoryview  # float64
    propensities: memoryview  # float32
    features: memoryview  # float32, one row per product
    product_ids: list[str]


def unpack(body: bytes) -> Packed:
    """The reverse of `pack`."""
    count, width = _SIZES.unpack_from(body)
    view = memoryview(body)
    ends = [_SIZES.size]
    for item_bytes in (4, 8, 4, 4 * width):
        ends.append(ends[-1] + count * item_bytes)
    names = str(view[ends[-1] :], "utf-8")
    return Packed(
        count=count,
        width=width,
        positions=view[ends[0] : ends[1]],
        scores=view[ends[1] : ends[2]],
        propensities=view[ends[2] : ends[3]],
        features=view[ends[3] : ends[4]],
        product_ids=names.split(_SEPARATOR) if count else [],
    )
