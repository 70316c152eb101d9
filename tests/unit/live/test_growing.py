import numpy as np

from shared.live.append_only import AppendOnly


def test_what_was_given_out_does_not_change_when_the_array_moves() -> None:
    growing = AppendOnly(np.int64, 2)
    growing.extend(np.arange(6).reshape(3, 2))
    before = growing.upto(3)
    for row in range(1_000):
        growing.append([row, row])
    assert before.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert len(growing) == 1_003 and growing.upto(1_003)[-1].tolist() == [999, 999]


def test_many_rows_come_at_once() -> None:
    growing = AppendOnly("<f4")
    growing.extend(np.ones(500))
    assert growing.upto(500).sum() == 500 and growing.upto(2).tolist() == [1, 1]
