"""Types of arrays in training, for modules that need numpy but no torch."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]
