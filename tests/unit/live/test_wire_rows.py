import numpy as np
import pytest

from shared.errors import SnapshotGone, Unavailable
from shared.live.wire_rows import UNKNOWN, WireRows

# Ten products at position 100; since then records 101, 104 and 105, of which the others said
# nothing or are compacted.
ROWS = WireRows(10, 100, np.array([101, 104, 105]), position=107)


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_a_row_is_named_by_its_place_in_the_log() -> None:
    assert ROWS.to_wire(rows(0, 9, 10, 11, 12)).tolist() == [0, 9, 10, 13, 14]


def test_a_replica_that_has_compacted_less_gives_the_same_names() -> None:
    other = WireRows(10, 100, np.array([101, 102, 103, 104, 105]), position=105)
    assert other.to_core(ROWS.to_wire(rows(3, 10, 11, 12))).tolist() == [3, 10, 13, 14]


def test_a_row_that_is_not_here_is_unknown() -> None:
    assert ROWS.to_core(rows(14, 11, 3, 99)).tolist() == [12, UNKNOWN, 3, UNKNOWN]


def test_without_anything_new_rows_are_the_snapshots() -> None:
    plain = WireRows(10, 100, np.empty(0, np.int64), position=100)
    assert plain.to_wire(rows(0, 9)).tolist() == plain.to_core(rows(0, 9)).tolist() == [0, 9]
    assert plain.to_core(rows(10)).tolist() == [UNKNOWN]


def test_a_row_that_has_not_arrived_is_waited_for_and_one_that_was_replaced_is_gone() -> None:
    assert ROWS.held(rows(9, 14)).tolist() == [9, 12]
    with pytest.raises(Unavailable, match="17 has not arrived at this replica yet"):
        ROWS.held(rows(3, 17))
    with pytest.raises(SnapshotGone, match="11 has been replaced"):
        ROWS.held(rows(3, 11))


def test_no_rows_are_no_rows() -> None:
    assert ROWS.held(rows()).tolist() == ROWS.to_wire(rows()).tolist() == []
