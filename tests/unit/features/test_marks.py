import pytest

from shared.features import watermarks
from shared.features.watermarks import Watermarks

# The form that earlier versions wrote
OLD = bytes([2]) + bytes.fromhex("00 0300 0900000000000000  01 ffff 0500000000000000")


def taken_in(count: int, first_partition: int = 0) -> Watermarks:
    made = Watermarks()
    for number in range(count):
        assert made.advance((number % 2, first_partition + number // 2), number + 1)
    return made


def test_a_value_of_before_is_read_and_written_as_it_was() -> None:
    read = Watermarks(OLD + b"the rest")
    assert watermarks.size(OLD + b"the rest") == len(OLD)
    assert read.encoded() == OLD
    assert not read.advance((0, 3), 9) and not read.advance((1, 0xFFFF), 5)
    assert read.advance((1, 0xFFFF), 6)


@pytest.mark.parametrize("count", [1, 255, 256, 512, 70_000])
def test_any_number_of_partitions_is_remembered(count: int) -> None:
    encoded = taken_in(count).encoded()
    read = Watermarks(encoded + b"\x00rest")
    assert watermarks.size(encoded + b"\x00rest") == len(encoded)
    assert read.encoded() == encoded
    assert not any(read.advance((number % 2, number // 2), number + 1) for number in range(count))
    assert read.advance((1, count), 1)


def test_partitions_of_any_number_are_remembered() -> None:
    read = Watermarks(taken_in(2, first_partition=0x1_0000).encoded())
    assert not read.advance((0, 0x1_0000), 1)
    assert read.advance((0, 0), 1)


def test_a_value_keeps_its_form_until_it_is_too_narrow() -> None:
    assert taken_in(255).encoded()[0] == 255
    grown = Watermarks(taken_in(255).encoded())
    grown.advance((1, 127), 1)
    assert grown.encoded()[0] == 0 and not Watermarks(grown.encoded()).advance((1, 127), 1)
