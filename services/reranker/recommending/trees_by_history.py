"""Trees for products that the visitor bought before, and others for those that are new to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TreesByHistory:
    """Two CompiledTrees as one: each row is scored by the trees for its kind of product.

    Whether a product is bought again is easier to learn than whether it is bought for the first
    time, and would take most splits of common trees.
    """

    known: Any  # trained on all products
    new: Any  # trained on products that their visitors had not bought
    own_days: int  # the column that tells them apart: 0 is new

    def predict(self, matrix: NDArray[np.float32], **options: Any) -> NDArray[np.float64]:
        """As Booster.predict with raw_score or pred_contrib, for at least one row."""
        is_new = ~(matrix[:, self.own_days] > 0)
        parts = [
            (chosen, np.asarray(trees.predict(matrix[chosen], **options)))
            for trees, chosen in ((self.known, ~is_new), (self.new, is_new))
            if chosen.any()
        ]
        found = np.empty((len(matrix), *parts[0][1].shape[1:]))
        for chosen, values in parts:
            found[chosen] = values
        return found
