"""The table of fields against the product that it describes."""

from dataclasses import fields
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from aisle.v1.catalog_pb2 import Product as Message
from services.gateway.filters.names import NAMES as SEARCHABLE
from shared.catalog.fields import FIELDS, FILTERABLE, NUMBERS, Field
from shared.catalog.product import Product
from shared.snapshot.columns import Columns, ColumnsWriter

# Checked in ways of their own (shared/catalog/validation.py).
_OTHERS = {"product_id", "attributes"}


def test_every_field_of_a_product_is_in_the_table_once() -> None:
    attributes = [each.attribute for each in FIELDS]
    assert sorted(attributes) == sorted({field.name for field in fields(Product)} - _OTHERS)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.attribute)
def test_errors_name_a_field_as_messages_do(field: Field) -> None:
    message: Descriptor | None = Message.DESCRIPTOR
    for part in field.name.split("."):
        assert message is not None and part in message.fields_by_name
        message = message.fields_by_name[part].message_type


def test_what_can_be_filtered_or_ordered_by_has_a_column(tmp_path: Path) -> None:
    writer = ColumnsWriter(tmp_path)
    writer.add([Product("p1", "Kettle", brands=("Acme",))])
    writer.finish()
    columns = Columns.open(tmp_path)
    assert set(FILTERABLE) <= set(columns.fields())
    assert all(columns.dense(column) is not None for column in NUMBERS)
    assert {"product_id", *FILTERABLE} == SEARCHABLE
