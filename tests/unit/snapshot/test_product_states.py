from pathlib import Path

import numpy as np

from shared.snapshot.states import ProductStates, StatesWriter


def _stored(folder: Path, *chunks: list[np.ndarray], state_dim: int = 4) -> ProductStates:
    writer = StatesWriter(folder, state_dim)
    for chunk in chunks:
        writer.add(chunk)
    writer.finish()
    return ProductStates(folder)


def test_states_of_every_product_are_read_back(tmp_path: Path) -> None:
    given = [np.full((length, 4), length - 100, np.int8) for length in (3, 0, 40, 1)]
    states = _stored(tmp_path, given[:3], given[3:])
    assert len(states) == 4
    for row, each in enumerate(given):
        np.testing.assert_array_equal(states.of(row), each)


def test_an_encoder_without_states_leaves_every_product_without(tmp_path: Path) -> None:
    states = _stored(tmp_path, [np.zeros((0, 0), np.int8)] * 2, state_dim=0)
    assert len(states) == 2
    assert states.of(1).shape == (0, 0)


def test_nothing_but_the_two_files_is_left(tmp_path: Path) -> None:
    _stored(tmp_path, [np.zeros((2, 4), np.int8)])
    assert {path.name for path in tmp_path.iterdir()} == {"tokens.npy", "offsets.npy"}
