"""A record of aisle.vectors as a value.

It holds the newest state of a product, with its encodings.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from aisle.v1.catalog_pb2 import Product as ProductMessage
from aisle.v1.indexing_pb2 import IndexedProduct, ProductEncoding
from shared.catalog.product import Product
from shared.catalog.wire import from_bytes, to_bytes
from shared.events.log import NewRecord, Record

_LOG = logging.getLogger(__name__)

NOTHING = ""  # key of a record that changes only the position


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """The encoding of a product by one encoder."""

    vector: NDArray[np.float16]  # (dim,), unit norm
    states: NDArray[np.int8]  # (tokens, state_dim), round(STATE_SCALE x) of unit-norm states


@dataclass(frozen=True, eq=False)
class Change:
    """The change of a product.

    Without a payload it is a removal; without a product_id nothing changed.
    """

    catalog_offset: int  # all of the catalogue's records up to it are included
    product_id: str = NOTHING
    payload: bytes = b""  # the product's serialised message
    encodings: Mapping[str, Encoding] = field(default_factory=dict)  # by the encoder's version
    offset: int = 0  # in aisle.vectors; 0 before the record is appended
    lineage: str | None = None  # lineage of the snapshot that it was computed for; None: unknown

    @classmethod
    def of(
        cls,
        catalog_offset: int,
        product: Product,
        encodings: Mapping[str, Encoding] | None = None,
        offset: int = 0,
    ) -> Change:
        """The change that writes this product."""
        return cls(catalog_offset, product.product_id, to_bytes(product), encodings or {}, offset)

    @cached_property
    def product(self) -> Product | None:
        """The product, parsed at first use. None for a removal."""
        return from_bytes(self.payload) if self.payload else None

    def encoding(self, version: str, dim: int, state_dim: int | None = None) -> Encoding | None:
        """The encoding by one encoder.

        Returns None if there is none, or if its sizes differ from its snapshot's.
        """
        found = self.encodings.get(version)
        if found is None:
            return None
        states_fit = state_dim is None or not len(found.states) or found.states.shape[1] == state_dim
        if len(found.vector) == dim and states_fit:
            return found
        sizes = (
            f"{found.vector.shape} and {found.states.shape}, where the "
            f"snapshot has {dim} and {state_dim or 'any'}"
        )
        where = f"aisle.vectors {self.offset} of {self.product_id!r}"
        _LOG.error(
            "%s: its vector and states are %s; it is found by words alone: write it again",
            where,
            sizes,
        )
        return None

    def at(self, catalog_offset: int) -> Change:
        """The same change at another record of the catalogue."""
        return replace(self, catalog_offset=catalog_offset)


def from_record(record: Record) -> Change:
    """The change in a record. Raises ValueError if the record cannot be read."""
    try:
        message = _message_in(record)
        # So that an unreadable product fails in this function, and not later
        ProductMessage.FromString(message.product)
        encodings = {each.encoder_version: _encoding(each) for each in message.encodings}
    except (DecodeError, ValueError) as error:
        raise ValueError(f"aisle.vectors {record.offset} of {record.key!r}: {error}") from error
    lineage = message.lineage if message.HasField("lineage") else None
    return Change(message.catalog_offset, record.key, message.product, encodings, record.offset, lineage)


def _message_in(record: Record) -> IndexedProduct:
    record.check()
    if record.value is None:
        raise ValueError("it has no value")  # every record of a change has a value, even a removal
    return IndexedProduct.FromString(record.value)


def to_record(change: Change) -> NewRecord:
    """The record to append for a change."""
    message = IndexedProduct(catalog_offset=change.catalog_offset, lineage=change.lineage)
    if change.payload:
        message.product = change.payload
    message.encodings.extend(_message(version, each) for version, each in change.encodings.items())
    return NewRecord(change.product_id, message.SerializeToString())


def _encoding(message: ProductEncoding) -> Encoding:
    states = (
        np.frombuffer(message.states, np.int8).reshape(message.token_count, -1)
        if message.token_count
        else None
    )
    vector = np.frombuffer(message.vector, "<f2")
    if not np.isfinite(vector).all():
        raise ValueError("a vector has numbers that are not finite")
    return Encoding(vector, np.zeros((0, 0), np.int8) if states is None else states)


def _message(version: str, encoding: Encoding) -> ProductEncoding:
    vector = encoding.vector.astype("<f2").tobytes()
    states = encoding.states.tobytes()
    return ProductEncoding(
        encoder_version=version,
        vector=vector,
        states=states,
        token_count=len(encoding.states) if states else 0,
    )
