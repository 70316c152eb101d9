"""Small histories of shops for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.recommending.interactions import PURCHASE, Interactions, NamedInteractions

DAY = 86_400.0
Line = tuple[str, str, str, float]  # visitor, order, product, day


def purchases(lines: Sequence[Line], kind: int = PURCHASE) -> Interactions:
    """Lines of one kind, at noon of their day, at a price of 1."""
    return NamedInteractions(
        [line[0] for line in lines],
        [line[1] for line in lines],
        np.full(len(lines), kind, np.int8),
        [line[2] for line in lines],
        np.array([(line[3] + 0.5) * DAY for line in lines], np.float64),
        np.ones(len(lines), np.float32),
    ).coded()
